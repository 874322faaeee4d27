// What the products of both kinds of factors share: tiles of C that stay in registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/matmul.h"

namespace quantrial {

// Vectors of a row of C that are held in registers next when `left` are to come: three, but two
// and two rather than three and one.
inline int64_t panel_vectors(int64_t left) { return left == 4 ? 2 : std::min<int64_t>(left, 3); }

// Columns of B that are packed at once: about 590 KB a slice.
inline constexpr int64_t block_columns = 576;

// Where a tile of sums goes.
struct Target {
  float* c;
  int64_t stride;
  int64_t rows, columns;  // to be written, at most those of the tile
  Into into;
};

}  // namespace quantrial
