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

// Two keys under all queries.
struct KeyPair {
  __m512 row[vectors], below[vectors];
};
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline void StoreKeys(const ScoreFactors& to,
                                                                     int64_t j, int64_t keys,
                                                                     const KeyPair& of) {
  const Columns columns(to.columns, j, keys);
  for (int64_t v = 0; v < vectors; v += 2) {
    if (to.rows != nullptr) {
      StoreRow(to, j, v, of.row[v], of.row[v + 1]);
      if (j + 1 < keys) StoreRow(to, j + 1, v, of.below[v], of.below[v + 1]);
    }
    columns.store(v, of.row[v], of.below[v]);
    columns.store(v + 1, of.row[v + 1], of.below[v + 1]);
  }
}

}  // namespace

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void softmax_bf16(const ScoreBlock& block,
                                                                 const ScoreFactors& p,
                                                                 float* sum) {
  const __m512 scale = _mm512_set1_ps(to_base_two(block.scale));
  __m512 largest[vectors], total[vectors];
  Largest(block, largest);
  for (int64_t v = 0; v < vectors; ++v) {
    largest[v] = _mm512_mul_ps(largest[v], scale);
    total[v] = _mm512_setzero_ps();
  }
  for (int64_t j = 0; j < block.keys; j += 2) {
    const bool has_below = j + 1 < block.keys;
    KeyPair keys;
    for (int64_t v = 0; v < vectors; ++v) {
      const float* at = block.p + j * block_queries + v * lanes;
      keys.row[v] = PowerOfTwo(_mm512_fmsub_ps(_mm512_loadu_ps(at), scale, largest[v]));
      keys.below[v] = _mm512_setzero_ps();
      if (has_below) {
        const __m512 score = _mm512_loadu_ps(at + block_queries);
        keys.below[v] = PowerOfTwo(_mm512_fmsub_ps(score, scale, largest[v]));
      }
      total[v] = _mm512_add_ps(total[v], _mm512_add_ps(keys.row[v], keys.below[v]));
    }
    StoreKeys(p, j, block.keys, keys);
  }
  for (int64_t v = 0; v < vectors; ++v) _mm512_storeu_ps(sum + v * lanes, total[v]);
  if (block.log_sum == nullptr) return;
  for (int64_t v = 0; v < vectors; ++v) _mm512_storeu_ps(block.log_sum + v * lanes, largest[v]);
  for (int64_t i = 0; i < block_queries; ++i) {
    block.log_sum[i] = block.log_sum[i] * std::numbers::ln2_v<float> + std::log(sum[i]);
  }
}

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void probabilities_bf16(const ScoreBlock& block,
                                                                       Pair* rows,
                                                                       int64_t row_pairs) {
  const ScoreFactors to{.rows = rows, .row_pairs = row_pairs, .columns = nullptr};
  const __m512 scale = _mm512_set1_ps(to_base_two(block.scale));
  const __m512 to_two = _mm512_set1_ps(std::numbers::log2e_v<float>);
  __m512 log_sum[vectors], p[vectors];
  for (int64_t v = 0; v < vectors; ++v) {
    log_sum[v] = _mm512_mul_ps(_mm512_loadu_ps(block.log_sum + v * lanes), to_two);
  }
  for (int64_t j = 0; j < block.keys; ++j) {
    for (int64_t v = 0; v < vectors; ++v) {
      const float* at = block.p + j * block_queries + v * lanes;
      p[v] = PowerOfTwo(_mm512_fmsub_ps(_mm512_loadu_ps(at), scale, log_sum[v]));
    }
    for (int64_t v = 0; v < vectors; v += 2) StoreRow(to, j, v, p[v], p[v + 1]);
  }
}

namespace {

// p (dp - along) scale / sum of queries [v * lanes, (v + 1) * lanes) under a key.
struct ScoreGradient {
  __m512 scale[vectors], along[vectors];

  [[gnu::target("avx512f,avx512bw,avx512bf16")]] __m512 operator()(const Pair* p, const float* dp,
                                                                   int64_t v) const {
    const __m256i half = _mm256_loadu_si256((const __m256i*)(p + v * lanes / 2));
    const __m512i bits = _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
    const __m512 change = _mm512_sub_ps(_mm512_loadu_ps(dp + v * lanes), along[v]);
    return _mm512_mul_ps(_mm512_mul_ps(_mm512_castsi512_ps(bits), scale[v]), change);
  }
};

}  // namespace

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void softmax_backward_bf16(
    const KeptScores& p, const ScoreBlock& block, const ScoreGradients& gradients,
    const ScoreFactors& ds) {
  ScoreGradient gradient;
  for (int64_t v = 0; v < vectors; ++v) {
    gradient.scale[v] =
        _mm512_mul_ps(_mm512_set1_ps(block.scale), _mm512_loadu_ps(p.inverse_sum + v * lanes));
    gradient.along[v] = _mm512_loadu_ps(gradients.along + v * lanes);
  }
  for (int64_t j = 0; j < block.keys; j += 2) {
    const bool has_below = j + 1 < block.keys;
    const Pair* row = p.rows + j * ds.row_pairs;
    const float* dp = gradients.ds + j * block_queries;
    KeyPair keys;
    for (int64_t v = 0; v < vectors; ++v) {
      keys.row[v] = gradient(row, dp, v);
      keys.below[v] =
          has_below ? gradient(row + ds.row_pairs, dp + block_queries, v) : _mm512_setzero_ps();
    }
    StoreKeys(ds, j, block.keys, keys);
  }
}

}  // namespace quantrial::gradients

#else
namespace quantrial::gradients {

void softmax_bf16(const ScoreBlock&, const ScoreFactors&, float*) {
  require(false, "bf16: no such instruction");
}
void probabilities_bf16(const ScoreBlock&, bf16::Pair*, int64_t) {
  require(false, "bf16: no such instruction");
}
void softmax_backward_bf16(const KeptScores&, const ScoreBlock&, const ScoreGradients&,
                           const ScoreFactors&) {
  require(false, "bf16: no such instruction");
}

}  // namespace quantrial::gradients
#endif
