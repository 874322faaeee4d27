// The vectorised inner loops of the CPU backend: one source (kernels.cpp, Highway), compiled for
// every instruction set and chosen at run time. Sums run over vector lanes in an order that depends
// on the length alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "formats/formats.h"

namespace quantrial::kernels {

// The instruction set in use, e.g. "AVX2".
std::string_view instruction_set();

// sum of x[i] y[i].
float dot(const float* x, const float* y, int64_t n);

// Floats of the widest vector; rows of inputs and of decoded weights are padded with zeros to whole
// ones.
inline constexpr int64_t max_lanes = 16;
constexpr int64_t padded(int64_t columns) {
  return (columns + max_lanes - 1) / max_lanes * max_lanes;
}

// Rows of a weight that linear_tile() takes at once and columns it decodes at once, 16 KiB of
// floats: long runs of few rows where the weight streams from memory, many rows where each decoded
// number serves many inputs. The order of each output's sum does not depend on it. A format that
// is decoded by its decode_row has all its columns in one tile.
struct TileShape {
  int64_t rows, columns;
};
constexpr TileShape tile_shape(int64_t T) {
  return T <= 4 ? TileShape{.rows = 4, .columns = 1024} : TileShape{.rows = 16, .columns = 256};
}
// Floats of scratch that linear_tile() needs for T rows.
int64_t linear_tile_scratch(int64_t T, const Weight& w);
// y[t, n] = x[t] . w[n] for n in [first, first + count), count <= tile_shape(T).rows.
struct LinearTile {
  const float* x;  // [T, stride], zeros from K to stride = padded(K)
  int64_t T, stride;
  int64_t first, count;  // rows of w[N,K]
  float* scratch;
  float* y;  // [T, N]
};
void linear_tile(const Weight& w, const LinearTile& tile);

}  // namespace quantrial::kernels
