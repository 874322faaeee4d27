#include "ops/workers.h"

#include <algorithm>
#include <new>
#include <utility>

namespace quantrial {

AlignedFloats aligned_floats(int64_t count) {
  const int64_t lines = std::max<int64_t>(1, (count + 15) / 16);
  AlignedFloats memory(
      static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>(lines) * 64)));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void Workers::grow(int64_t floats) {
  // Attention needs a little more for every token: grow in few steps.
  const int64_t old = std::exchange(floats_, 0);
  const int64_t lines = (std::max(floats, old + old / 2) + 15) / 16;
  for (AlignedFloats& memory : scratch_) {
    memory.reset();
    memory = aligned_floats(lines * 16);
  }
  floats_ = lines * 16;
}

}  // namespace quantrial
