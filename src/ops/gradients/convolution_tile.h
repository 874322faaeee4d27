#pragma once

#include <cstdint>

namespace quantrial::gradients {

// Some channels of some rows of one sequence, and scratch memory of scratch_floats().
struct ConvolutionTile {
  static constexpr int64_t max_rows = 64, max_channels = 512;
  static int64_t scratch_floats(int64_t W) { return 2 * W * max_channels; }

  int64_t sequence, row, rows, channel, channels;
  float* scratch;
};

}  // namespace quantrial::gradients
