// As matmul.cpp, with pairs: one 32-bit word holds factors k (low half) and k + 1 (high half), and
// an instruction (VDPBF16PS) adds both products of 16 pairs. Highway 1.0.3 does not know it, hence
// intrinsics. Both operands are packed.
#include "ops/cpu/matmul_bf16.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#if HWY_ARCH_X86
// g++ 12 takes its own undefined vectors for ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

namespace quantrial::bf16 {
namespace {

using Pair = uint32_t;

constexpr int64_t MR = 8, lanes = 16;
constexpr int64_t block_rows = 64;      // of A that are packed at once
constexpr int64_t block_columns = 576;  // of B
constexpr int64_t slice = 2 * matmul_slice;

// Of rows of A that lie one after the other: not a power of two, which would put them all into a
// few sets of the first-level cache.
constexpr int64_t row_stride = slice / 2 + lanes;

int64_t pairs_of(int64_t K) { return (K + 1) / 2; }

// Vectors of a row of C that are held in registers next when `left` are to come.
int64_t panel_vectors(int64_t left) { return left == 4 ? 2 : std::min<int64_t>(left, 3); }

__mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1U << std::clamp<int64_t>(n, 0, lanes)) - 1U);
}

// Numbers [k, k + 32) of a row of K as 16 pairs, zeros beyond its end.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline __m512i PairsAlong(const float* row,
                                                                         int64_t k, int64_t K) {
  const __m512 low = _mm512_maskz_loadu_ps(first_lanes(K - k), row + k);
  const __m512 high = _mm512_maskz_loadu_ps(first_lanes(K - k - lanes), row + k + lanes);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 16 pairs of a number of `row` and the one below it, zeros beyond n of them.
struct RowPair {
  const float *row, *below;  // below: null for none
};
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline __m512i PairsAcross(RowPair of, int64_t at,
                                                                          __mmask16 mask) {
  const __m512i interleave =
      _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                       21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512 row = _mm512_maskz_loadu_ps(mask, of.row + at);
  const __m512 below =
      of.below != nullptr ? _mm512_maskz_loadu_ps(mask, of.below + at) : _mm512_setzero_ps();
  return _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(below, row));
}
RowPair row_pair(const Strided& m, int64_t k, bool has_below) {
  const float* row = m.data + k * m.stride;
  return {.row = row, .below = has_below ? row + m.stride : nullptr};
}

// Rows become columns.
[[gnu::target("avx512f")]] inline void Transpose(__m512i (&x)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    x[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// Up to block_rows rows of A, a row after the other: to[rows][row_stride].
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackRowsAlong(const Strided& a, int64_t rows,
                                                                  int64_t K, Pair* to) {
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t k = 0; k < K; k += 2 * lanes) {
      _mm512_storeu_si512(to + m * row_stride + k / 2, PairsAlong(a.data + m * a.stride, k, K));
    }
  }
}

// The same of a column-major A: to[rows / MR][pairs][MR].
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackRowsAcross(const Strided& a, int64_t rows,
                                                                   int64_t K, Pair* to) {
  const int64_t pairs = pairs_of(K);
  for (int64_t p = 0; p < pairs; ++p) {
    const RowPair from = row_pair(a, 2 * p, 2 * p + 1 < K);
    for (int64_t m = 0; m < rows; m += lanes) {
      const __m512i both = PairsAcross(from, m, first_lanes(rows - m));
      Pair* panel = to + (m * pairs + p * MR);
      _mm256_storeu_si256((__m256i*)panel, _mm512_castsi512_si256(both));
      _mm256_storeu_si256((__m256i*)(panel + MR * pairs), _mm512_extracti64x4_epi64(both, 1));
    }
  }
}

// `width` columns of a column-major B as to[pairs][columns], zeros beyond them.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackColumns(const Strided& b, int64_t width,
                                                                int64_t K, int64_t columns,
                                                                Pair* to) {
  for (int64_t n = 0; n < columns; n += lanes) {
    for (int64_t k = 0; k < K; k += 2 * lanes) {
      __m512i x[lanes];
      for (int64_t i = 0; i < lanes; ++i) {
        x[i] =
            n + i < width ? PairsAlong(b.data + (n + i) * b.stride, k, K) : _mm512_setzero_si512();
      }
      Transpose(x);
      const int64_t pairs = std::min(lanes, pairs_of(K - k));
      for (int64_t i = 0; i < pairs; ++i) {
        _mm512_store_si512(to + (k / 2 + i) * columns + n, x[i]);
      }
    }
  }
}

// K rows of B, N columns, in panels one after the other: [pairs][columns of the panel], zeros
// beyond column N.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackB(const Strided& b, int64_t K, int64_t N,
                                                          Pair* to) {
  const int64_t pairs = pairs_of(K);
  int64_t columns = 0;
  for (int64_t n = 0; n < N; n += columns) {
    columns = panel_vectors((N - n + lanes - 1) / lanes) * lanes;
    Pair* panel = to + n * pairs;
    if (b.major == Strided::Major::column) {
      PackColumns({b.data + n * b.stride, b.stride}, std::min(columns, N - n), K, columns, panel);
      continue;
    }
    for (int64_t p = 0; p < pairs; ++p) {
      const RowPair from = row_pair(b, 2 * p, 2 * p + 1 < K);
      for (int64_t j = 0; j < columns; j += lanes) {
        _mm512_store_si512(panel + p * columns + j,
                           PairsAcross(from, n + j, first_lanes(N - n - j)));
      }
    }
  }
}

// MR rows of packed A: pair p of row i at row[i][p * step].
struct Rows {
  const Pair* row[MR];
  int64_t step;
};

// Where a tile of sums goes.
struct Target {
  float* c;
  int64_t stride;
  int64_t rows, columns;  // to be written, at most MR and V vectors
  Into into;
};

template <int V>
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline void StoreTile(const __m512 (&sum)[MR][V],
                                                                     const Target& target) {
  if (target.rows == MR && target.columns == V * lanes) {
    for (int i = 0; i < MR; ++i) {
      float* c = target.c + i * target.stride;
      for (int j = 0; j < V; ++j) {
        const __m512 value = target.into == Into::add
                                 ? _mm512_add_ps(_mm512_loadu_ps(c + j * lanes), sum[i][j])
                                 : sum[i][j];
        _mm512_storeu_ps(c + j * lanes, value);
      }
    }
    return;
  }
  for (int i = 0; i < MR; ++i) {
    if (i >= target.rows) break;
    for (int j = 0; j < V; ++j) {
      float* c = target.c + i * target.stride + j * lanes;
      const __mmask16 mask = first_lanes(target.columns - j * lanes);
      const __m512 before =
          target.into == Into::add ? _mm512_maskz_loadu_ps(mask, c) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(c, mask, _mm512_add_ps(before, sum[i][j]));
    }
  }
}

// C[MR, V vectors] (+)= A B over one slice; b is [pairs][V vectors].
template <int V>
[[gnu::target("avx512f,avx512bw,avx512bf16"), gnu::noinline]] void MultiplyTile(
    const Rows& a, const Pair* b, int64_t pairs, const Target& target) {
  __m512 sum[MR][V];
  const Pair* from[MR];
  for (int i = 0; i < MR; ++i) {
    from[i] = a.row[i];
    for (int j = 0; j < V; ++j) {
      sum[i][j] = _mm512_setzero_ps();
      if (i < target.rows) _mm_prefetch(target.c + i * target.stride + j * lanes, _MM_HINT_T0);
    }
  }
  const int64_t step = a.step;
  int64_t at = 0;
  for (int64_t p = 0; p < pairs; ++p) {
    __m512bh row[V];
    for (int j = 0; j < V; ++j) row[j] = (__m512bh)_mm512_load_si512(b + j * lanes);
    for (int i = 0; i < MR; ++i) {
      const auto factor = (__m512bh)_mm512_set1_epi32(static_cast<int>(from[i][at]));
      for (int j = 0; j < V; ++j) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], factor, row[j]);
    }
    b += V * lanes;
    at += step;
  }
  StoreTile<V>(sum, target);
}

// MR rows of one slice of C against all panels of packed B.
void multiply_rows(const Rows& a, const Pair* b, int64_t pairs, int64_t N, Target target) {
  for (int64_t n = 0; n < N; n += target.columns) {
    const int64_t vectors = panel_vectors((N - n + lanes - 1) / lanes);
    target.columns = std::min(vectors * lanes, N - n);
    const auto multiply_tile =
        vectors == 3 ? MultiplyTile<3> : (vectors == 2 ? MultiplyTile<2> : MultiplyTile<1>);
    multiply_tile(a, b + n * pairs, pairs, target);
    target.c += target.columns;
  }
}

// C (+)= A B with K <= slice and N <= block_columns.
void multiply_slice(const Product& p, Pair* scratch) {
  Pair* packed_a = scratch;
  Pair* packed_b = scratch + block_rows * row_stride;
  const int64_t pairs = pairs_of(p.K);
  PackB(p.b, p.K, p.N, packed_b);
  const bool along = p.a.major == Strided::Major::row;
  for (int64_t m = 0; m < p.M; m += block_rows) {
    const int64_t rows = std::min(block_rows, p.M - m);
    if (along) {
      PackRowsAlong({p.a.data + m * p.a.stride, p.a.stride}, rows, p.K, packed_a);
    } else {
      PackRowsAcross({p.a.data + m, p.a.stride}, rows, p.K, packed_a);
    }
    for (int64_t r = 0; r < rows; r += MR) {
      Rows a{.row = {}, .step = along ? 1 : MR};
      const int64_t last = std::min(MR, rows - r) - 1;
      for (int64_t i = 0; i < MR; ++i) {  // the others repeat the last
        const int64_t row = std::min(i, last);
        a.row[i] = packed_a + (along ? (r + row) * row_stride : r * pairs + row);
      }
      multiply_rows(a, packed_b, pairs, p.N,
                    {.c = p.c + (m + r) * p.c_stride,
                     .stride = p.c_stride,
                     .rows = last + 1,
                     .columns = 0,
                     .into = p.into});
    }
  }
}

const float* moved(const Strided& m, int64_t rows, int64_t columns) {
  return m.data +
         (m.major == Strided::Major::row ? rows * m.stride + columns : columns * m.stride + rows);
}

}  // namespace

bool has_products() { return __builtin_cpu_supports("avx512bf16"); }

void multiply(const Product& p, float* scratch) {
  for (int64_t n = 0; n < p.N; n += block_columns) {
    for (int64_t k = 0; k < p.K; k += slice) {
      Product part = p;
      part.a.data = moved(p.a, 0, k);
      part.b.data = moved(p.b, k, n);
      part.c += n;
      part.N = std::min(block_columns, p.N - n);
      part.K = std::min(slice, p.K - k);
      if (k > 0) part.into = Into::add;
      multiply_slice(part, reinterpret_cast<Pair*>(scratch));
    }
  }
}

constexpr int chains = 12;

[[gnu::target("avx512f,avx512bw,avx512bf16")]] float peak_rounds(int64_t rounds) {
  __m512 sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = _mm512_setzero_ps();
  const auto factor = (__m512bh)_mm512_set1_epi32(static_cast<int>(rounds));
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < chains; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], factor, factor);
  }
  float total = 0;
  for (int i = 0; i < chains; ++i) total += _mm512_reduce_add_ps(sum[i]);
  return total;
}

int64_t peak_flop() { return chains * lanes * 4; }

}  // namespace quantrial::bf16

#else
namespace quantrial::bf16 {

bool has_products() { return false; }
void multiply(const Product&, float*) { require(false, "bf16: no such instruction"); }
float peak_rounds(int64_t) { return 0; }
int64_t peak_flop() { return 0; }

}  // namespace quantrial::bf16
#endif
