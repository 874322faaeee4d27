// How much memory there is, as Linux says.
#pragma once

#include <cstdint>

namespace quantrial {

// Memory that this process has or could get: MemAvailable of /proc/meminfo, and what it holds
// already; not more than its cgroup allows.
int64_t available_memory_bytes();
// Of that, what this process does not hold yet.
int64_t free_memory_bytes();
// Of this process (VmRSS), mapped files included.
int64_t resident_memory_bytes();

}  // namespace quantrial
