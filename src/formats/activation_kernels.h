// Vectorised loops of activations.cpp, for rows of activations in groups of 16.
#pragma once

#include <cstdint>

namespace quantrial::activations {

inline constexpr int64_t nvfp4_group = 16;

// to[groups]: the largest magnitude of each group of x; NaN when there is one in it.
void largest_magnitudes(const float* x, int64_t groups, float* to);
// x = e2m1(x / scale) under scales[groups], ties to even, NaN kept.
void round_to_e2m1(float* x, int64_t groups, const float* scales);

}  // namespace quantrial::activations
