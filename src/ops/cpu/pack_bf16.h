// Factors of products as pairs of bfloat16: one 32-bit word holds numbers k (low half) and k + 1
// (high half) of a sum over k. Here of one slice: K <= slice.
#pragma once

#include <algorithm>

#include "ops/matmul.h"

namespace quantrial::bf16 {

using Pair = uint32_t;

inline constexpr int64_t MR = 8, lanes = 16;
inline constexpr int64_t slice = 2 * matmul_slice;

inline int64_t pairs_of(int64_t K) { return (K + 1) / 2; }

// Of rows that lie one after the other, at least two vectors: long ones not a power of two, which
// would put them all into a few sets of the first-level cache.
inline int64_t row_stride(int64_t K) {
  const int64_t vectors = (pairs_of(K) + lanes - 1) / lanes;
  return (vectors > 4 ? vectors + 1 : std::max<int64_t>(vectors, 2)) * lanes;
}

// M rows of A: row-major as to[M][row_stride(K)], column-major as to[M / MR][pairs][MR], and room
// for 16 rows at the end.
void pack_left(const Strided& a, int64_t M, int64_t K, Pair* to);

// N columns of B in panels one after the other, [pairs][columns of the panel], zeros beyond column
// N.
void pack_right(const Strided& b, int64_t K, int64_t N, Pair* to);

}  // namespace quantrial::bf16
