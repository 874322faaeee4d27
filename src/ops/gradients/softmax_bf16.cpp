#include "ops/gradients/softmax_bf16.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#if HWY_ARCH_X86
// g++ 12 takes its own undefined vectors for ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

namespace quantrial::gradients {
namespace {

using bf16::lanes, bf16::MR, bf16::Pair;
constexpr int64_t vectors = block_queries / lanes;  // of queries

// 2^x to 1e-7 of it; 0 where that is below float's range.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline __m512 PowerOfTwo(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(x, whole);  // at most 1/2; the best polynomial of degree 5
  __m512 y = _mm512_set1_ps(0.0013276470f);
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.0096755410f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.0555071309f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.2402212024f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.6931469440f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(1.0000001192f));
  return _mm512_scalef_ps(y, whole);
}

// Pairs of a number of `row` and the one below it.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline __m512i PairsAcross(__m512 row,
                                                                          __m512 below) {
  const __m512i interleave =
      _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                       21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(below, row));
}

// Where a left factor of block_queries rows keeps keys j and j + 1, j even.
struct Columns {
  Pair* first;    // of the first MR queries
  int64_t panel;  // from there to those of the next MR

  Columns(Pair* columns, int64_t j, int64_t keys) {
    const int64_t begin = j / bf16::slice * bf16::slice;
    const int64_t pairs = bf16::pairs_of(std::min(bf16::slice, keys - begin));
    first = columns + begin / 2 * block_queries + (j - begin) / 2 * MR;
    panel = pairs * MR;
  }
  // Of queries [v * lanes, (v + 1) * lanes).
  [[gnu::target("avx512f,avx512bw,avx512bf16")]] void store(int64_t v, __m512 row,
                                                            __m512 below) const {
    const __m512i both = PairsAcross(row, below);
    Pair* to = first + 2 * v * panel;
    _mm256_storeu_si256((__m256i*)to, _mm512_castsi512_si256(both));
    _mm256_storeu_si256((__m256i*)(to + panel), _mm512_extracti64x4_epi64(both, 1));
  }
};

// Queries of two vectors of a key.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline void StoreRow(const ScoreFactors& to,
                                                                    int64_t j, int64_t v,
                                                                    __m512 low, __m512 high) {
  _mm512_storeu_si512(to.rows + j * to.row_pairs + v * lanes / 2,
                      (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

// Exponents to base 2.
float to_base_two(float scale) { return scale * std::numbers::log2e_v<float>; }

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void Largest(const ScoreBlock& block,
                                                            __m512 (&largest)[vectors]) {
  for (int64_t v = 0; v < vectors; ++v) largest[v] = _mm512_loadu_ps(block.p + v * lanes);
  for (int64_t j = 1; j < block.keys; ++j) {
    for (int64_t v = 0; v < vectors; ++v) {
      const float* at = block.p + j * block_queries + v * lanes;
      largest[v] = _mm512_max_ps(largest[v], _mm512_loadu_ps(at));
    }
  }
}

}  // namespace

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void softmax_bf16(const ScoreBlock& block,
                                                                 Pair* columns, float* sum) {
  const __m512 scale = _mm512_set1_ps(to_base_two(block.scale));
  __m512 largest[vectors], total[vectors];
  Largest(block, largest);
  for (int64_t v = 0; v < vectors; ++v) {
    largest[v] = _mm512_mul_ps(largest[v], scale);
    total[v] = _mm512_setzero_ps();
  }
  for (int64_t j = 0; j < block.keys; j += 2) {
    const Columns to(columns, j, block.keys);
    for (int64_t v = 0; v < vectors; ++v) {
      const float* at = block.p + j * block_queries + v * lanes;
      const __m512 p = PowerOfTwo(_mm512_fmsub_ps(_mm512_loadu_ps(at), scale, largest[v]));
      __m512 below = _mm512_setzero_ps();
      if (j + 1 < block.keys) {
        const __m512 score = _mm512_loadu_ps(at + block_queries);
        below = PowerOfTwo(_mm512_fmsub_ps(score, scale, largest[v]));
      }
      to.store(v, p, below);
      total[v] = _mm512_add_ps(total[v], _mm512_add_ps(p, below));
    }
  }
  for (int64_t v = 0; v < vectors; ++v) {
    _mm512_storeu_ps(sum + v * lanes, total[v]);
    _mm512_storeu_ps(block.log_sum + v * lanes, largest[v]);
  }
  for (int64_t i = 0; i < block_queries; ++i) {
    block.log_sum[i] = block.log_sum[i] * std::numbers::ln2_v<float> + std::log(sum[i]);
  }
}

namespace {

// What a query has in common with all its keys.
struct Query {
  __m512 log_sum;  // to base 2
  __m512 along;
};

struct KeyGradients {
  __m512 p, ds;
};

// Of key j and queries [v * lanes, (v + 1) * lanes).
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline KeyGradients GradientsOf(
    const ScoreBlock& block, const ScoreGradients& gradients, int64_t at, const Query& query) {
  const __m512 scale = _mm512_set1_ps(block.scale);
  const __m512 exponent = _mm512_set1_ps(to_base_two(block.scale));
  const __m512 p =
      PowerOfTwo(_mm512_fmsub_ps(_mm512_loadu_ps(block.p + at), exponent, query.log_sum));
  const __m512 change = _mm512_sub_ps(_mm512_loadu_ps(gradients.ds + at), query.along);
  return {.p = p, .ds = _mm512_mul_ps(_mm512_mul_ps(p, scale), change)};
}

}  // namespace

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void softmax_backward_bf16(
    const ScoreBlock& block, const ScoreGradients& gradients, const ScoreFactors& p,
    const ScoreFactors& ds) {
  Query queries[vectors];
  for (int64_t v = 0; v < vectors; ++v) {
    queries[v] = {.log_sum = _mm512_mul_ps(_mm512_loadu_ps(block.log_sum + v * lanes),
                                           _mm512_set1_ps(std::numbers::log2e_v<float>)),
                  .along = _mm512_loadu_ps(gradients.along + v * lanes)};
  }
  for (int64_t j = 0; j < block.keys; j += 2) {
    const Columns columns(ds.columns, j, block.keys);
    const bool has_below = j + 1 < block.keys;
    for (int64_t v = 0; v < vectors; v += 2) {
      const int64_t at = j * block_queries + v * lanes;
      const KeyGradients low = GradientsOf(block, gradients, at, queries[v]);
      const KeyGradients high = GradientsOf(block, gradients, at + lanes, queries[v + 1]);
      StoreRow(p, j, v, low.p, high.p);
      StoreRow(ds, j, v, low.ds, high.ds);
      KeyGradients low_below{}, high_below{};
      if (has_below) {
        low_below = GradientsOf(block, gradients, at + block_queries, queries[v]);
        high_below = GradientsOf(block, gradients, at + block_queries + lanes, queries[v + 1]);
        StoreRow(p, j + 1, v, low_below.p, high_below.p);
        StoreRow(ds, j + 1, v, low_below.ds, high_below.ds);
      }
      columns.store(v, low.ds, low_below.ds);
      columns.store(v + 1, high.ds, high_below.ds);
    }
  }
}

}  // namespace quantrial::gradients

#else
namespace quantrial::gradients {

void softmax_bf16(const ScoreBlock&, bf16::Pair*, float*) {
  require(false, "bf16: no such instruction");
}
void softmax_backward_bf16(const ScoreBlock&, const ScoreGradients&, const ScoreFactors&,
                           const ScoreFactors&) {
  require(false, "bf16: no such instruction");
}

}  // namespace quantrial::gradients
#endif
