// The factors that AWQ tries on the channels of a tensor, and where they go in a block.
#pragma once

#include <string>
#include <vector>

#include "quantize/block_linears.h"

namespace quantrial {

// What comes before the smoothed tensor, what reads it, and where the damage is measured.
struct SmoothingPlace {
  std::string norm{};  // "input_layernorm"; empty: the rows of Linear `before`
  int64_t before = -1;
  std::vector<int64_t> readers;  // by place in the block; 16-bit ones are scaled too
  enum class Parent : uint8_t { mixer, mlp, reader } parent = Parent::mixer;
};

// input_layernorm -> q, k, v or in_proj_*; post_attention_layernorm -> gate, up; up -> down.
std::vector<SmoothingPlace> smoothing_places(const std::vector<BlockLinear>& linears);

// x[K]: mean magnitude of each channel over the calibration rows; w[K]: mean of |w| / absmax of its
// group over all rows that read it. Point i of `points`: none, then x^r / (w^(1-r) + 1e-4) with
// r = i / (points - 2), i from 0, normalised so that the largest times the smallest is 1.
std::vector<float> smoothing_factors(const std::vector<float>& x, const std::vector<float>& w,
                                     int64_t point, int64_t points);

}  // namespace quantrial
