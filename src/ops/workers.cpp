#include "ops/workers.h"

#include <new>

namespace quantrial {

void Workers::grow(int64_t floats) {
  const int64_t lines = (floats + 15) / 16;
  for (auto& memory : scratch_) {
    memory.reset(static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>(lines) * 64)));
    if (memory == nullptr) throw std::bad_alloc();
  }
  floats_ = lines * 16;
}

}  // namespace quantrial
