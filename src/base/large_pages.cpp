#include "base/large_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace quantrial {

void prefer_large_pages(void* data, size_t bytes) {
  constexpr size_t worth_it = 4 << 20;
  if (bytes < worth_it) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<uintptr_t>(data);
  const uintptr_t first = (start + page - 1) / page * page, last = (start + bytes) / page * page;
  madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);  // may fail: only a wish
}

}  // namespace quantrial
