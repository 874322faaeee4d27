// How much memory there is, as Linux says.
#pragma once

#include <cstdint>

namespace quantrial {

// What a plan leaves for tokenizer, code, allocator and stacks.
inline constexpr int64_t memory_reserve_bytes = int64_t{200} << 20;

// Memory that this process has or could get: MemAvailable of /proc/meminfo, and what it holds
// already; not more than its cgroup allows.
int64_t available_memory_bytes();
// Of that, what this process does not hold yet.
int64_t free_memory_bytes();
// Of this process (VmRSS), mapped files included.
int64_t resident_memory_bytes();

// What is built in.
int64_t installed_memory_bytes();

}  // namespace quantrial
