#include "ops/cpu/pack_bf16.h"

#include <algorithm>

#include "ops/cpu/bf16_vectors.h"
#include "ops/cpu/tile.h"

#if HWY_ARCH_X86

namespace quantrial::bf16 {
namespace {

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

// Rows of A, a row after the other: to[rows][row_stride(K)].
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackRowsAlong(const Strided& a, int64_t rows,
                                                                  int64_t K, Pair* to) {
  const int64_t stride = row_stride(K);
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t k = 0; k < K; k += 2 * lanes) {
      _mm512_storeu_si512(to + m * stride + k / 2, PairsAlong(a.data + m * a.stride, k, K));
    }
  }
}

// The same of a column-major A: to[rows / MR][pairs][MR]. A few pairs of all rows at a time, since
// panels often lie a power of two apart: their lines would push each other out of the cache.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void PackRowsAcross(const Strided& a, int64_t rows,
                                                                   int64_t K, Pair* to) {
  constexpr int64_t at_once = 8;
  const int64_t pairs = pairs_of(K);
  for (int64_t first = 0; first < pairs; first += at_once) {
    const int64_t end = std::min(first + at_once, pairs);
    for (int64_t m = 0; m < rows; m += lanes) {
      const __mmask16 mask = first_lanes(rows - m);
      for (int64_t p = first; p < end; ++p) {
        const __m512i both = PairsAcross(row_pair(a, 2 * p, 2 * p + 1 < K), m, mask);
        Pair* panel = to + (m * pairs + p * MR);
        _mm256_storeu_si256((__m256i*)panel, _mm512_castsi512_si256(both));
        _mm256_storeu_si256((__m256i*)(panel + MR * pairs), _mm512_extracti64x4_epi64(both, 1));
      }
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

}  // namespace

void pack_left(const Strided& a, int64_t M, int64_t K, Pair* to) {
  if (a.major == Strided::Major::row) {
    PackRowsAlong(a, M, K, to);
  } else {
    PackRowsAcross(a, M, K, to);
  }
}

[[gnu::target("avx512f,avx512bw,avx512bf16")]] void pack_right(const Strided& b, int64_t K,
                                                               int64_t N, Pair* to) {
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

}  // namespace quantrial::bf16

#else
namespace quantrial::bf16 {

void pack_left(const Strided&, int64_t, int64_t, Pair*) {
  require(false, "bf16: no such instruction");
}
void pack_right(const Strided&, int64_t, int64_t, Pair*) {
  require(false, "bf16: no such instruction");
}

}  // namespace quantrial::bf16
#endif
