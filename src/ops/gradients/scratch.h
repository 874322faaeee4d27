// Scratch memory of a task in parts.
#pragma once

#include <cstdint>

namespace quantrial::gradients {

// Hands out parts of scratch memory, each aligned to cache lines.
class Scratch {
 public:
  explicit Scratch(float* memory) : next_(memory) {}
  float* take(int64_t floats) {
    float* part = next_;
    next_ += (floats + 15) / 16 * 16;
    return part;
  }

 private:
  float* next_;
};

}  // namespace quantrial::gradients
