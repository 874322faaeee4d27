// As matmul.cpp, with pairs of factors of which an instruction (VDPBF16PS) adds both products of 16
// pairs. Highway 1.0.3 does not know it, hence intrinsics. Both operands are packed.
#include "ops/cpu/matmul_bf16.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#include "ops/cpu/pack_bf16.h"
#include "ops/cpu/tile.h"

#if HWY_ARCH_X86
// g++ 12 takes its own undefined vectors for ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

namespace quantrial::bf16 {
namespace {

constexpr int64_t block_rows = 64;  // of A that are packed at once

__mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1U << std::clamp<int64_t>(n, 0, lanes)) - 1U);
}

// MR rows of packed A: pair p of row i at row[i][p * step].
struct Rows {
  const Pair* row[MR];
  int64_t step;
};

// A slice of A as pack_left() leaves it.
struct Left {
  const Pair* pairs;
  Strided::Major major;
  int64_t K;

  // Rows [r, r + MR), of which `rows` exist: the others repeat the last.
  Rows rows(int64_t r, int64_t rows) const {
    Rows result{.row = {}, .step = major == Strided::Major::row ? 1 : MR};
    for (int64_t i = 0; i < MR; ++i) {
      const int64_t row = std::min(i, rows - 1);
      result.row[i] = pairs + (major == Strided::Major::row ? (r + row) * row_stride(K)
                                                            : r * pairs_of(K) + row);
    }
    return result;
  }
};

template <int V>
[[gnu::target("avx512f,avx512bw,avx512bf16")]] inline void StoreTile(const __m512 (&sum)[MR][V],
                                                                     const Target& target) {
  __mmask16 mask[V];
  for (int j = 0; j < V; ++j) mask[j] = first_lanes(target.columns - j * lanes);
  for (int i = 0; i < MR; ++i) {
    if (i >= target.rows) break;
    for (int j = 0; j < V; ++j) {
      float* c = target.c + i * target.stride + j * lanes;
      const __m512 value = target.into == Into::add
                               ? _mm512_add_ps(_mm512_maskz_loadu_ps(mask[j], c), sum[i][j])
                               : sum[i][j];
      _mm512_mask_storeu_ps(c, mask[j], value);
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

// Panels of packed B.
struct Right {
  const Pair* pairs;
  int64_t panel_pairs;  // in a column
};

// MR rows of one slice of C, `pairs` of it, against N columns.
void multiply_rows(const Rows& a, const Right& b, int64_t pairs, int64_t N, Target target) {
  for (int64_t n = 0; n < N; n += target.columns) {
    const int64_t vectors = panel_vectors((N - n + lanes - 1) / lanes);
    target.columns = std::min(vectors * lanes, N - n);
    const auto multiply_tile =
        vectors == 3 ? MultiplyTile<3> : (vectors == 2 ? MultiplyTile<2> : MultiplyTile<1>);
    multiply_tile(a, b.pairs + n * b.panel_pairs, pairs, target);
    target.c += target.columns;
  }
}

// C (+)= A B with K <= slice and N <= block_columns.
void multiply_slice(const Product& p, Pair* scratch) {
  Pair* packed_a = scratch;
  Pair* packed_b = scratch + block_rows * row_stride(slice);
  const int64_t pairs = pairs_of(p.K);
  pack_right(p.b, p.K, p.N, packed_b);
  for (int64_t m = 0; m < p.M; m += block_rows) {
    const int64_t rows = std::min(block_rows, p.M - m);
    Strided block = p.a;
    block.data += p.a.major == Strided::Major::row ? m * p.a.stride : m;
    pack_left(block, rows, p.K, packed_a);
    const Left left{.pairs = packed_a, .major = p.a.major, .K = p.K};
    for (int64_t r = 0; r < rows; r += MR) {
      const int64_t exist = std::min(MR, rows - r);
      multiply_rows(left.rows(r, exist), {.pairs = packed_b, .panel_pairs = pairs}, pairs, p.N,
                    {.c = p.c + (m + r) * p.c_stride,
                     .stride = p.c_stride,
                     .rows = exist,
                     .columns = 0,
                     .into = p.into});
    }
  }
}

int64_t round_up(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

int64_t left_pairs(Strided::Major major, int64_t M, int64_t K) {
  const int64_t last = K % slice;
  if (major == Strided::Major::row) {
    return M * (K / slice * row_stride(slice) + (last > 0 ? row_stride(last) : 0));
  }
  return pairs_of(K) * round_up(M);
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

int64_t left_floats(const Strided& a, int64_t M, int64_t K) { return left_pairs(a.major, M, K); }
int64_t right_floats(int64_t K, int64_t N) { return pairs_of(K) * round_up(N); }

void pack(const LeftFactor& a, float* memory) {
  for (int64_t k = 0; k < a.K; k += slice) {
    Strided part = a.place;
    part.data = moved(a.place, 0, k);
    pack_left(part, a.M, std::min(slice, a.K - k),
              reinterpret_cast<Pair*>(memory) + left_pairs(a.place.major, a.M, k));
  }
}

void pack(const RightFactor& b, float* memory) {
  for (int64_t k = 0; k < b.K; k += slice) {
    const int64_t K = std::min(slice, b.K - k);
    for (int64_t n = 0; n < b.N; n += block_columns) {
      Strided part = b.place;
      part.data = moved(b.place, k, n);
      pack_right(part, K, std::min(block_columns, b.N - n),
                 reinterpret_cast<Pair*>(memory) + right_floats(k, b.N) + n * pairs_of(K));
    }
  }
}

void multiply(const LeftFactor& a, const RightFactor& b, const Output& c) {
  const auto* left_memory = reinterpret_cast<const Pair*>(a.packed);
  const auto* right_memory = reinterpret_cast<const Pair*>(b.packed);
  for (int64_t n = 0; n < b.N; n += block_columns) {
    for (int64_t k = 0; k < a.K; k += slice) {
      const int64_t K = std::min(slice, a.K - k);
      const Left left{.pairs = left_memory + left_pairs(a.place.major, a.packed_M, k),
                      .major = a.place.major,
                      .K = K};
      const int64_t panel_pairs = pairs_of(std::min(slice, b.packed_K - k));
      const Right right{.pairs = right_memory + right_floats(k, b.N) + n * panel_pairs,
                        .panel_pairs = panel_pairs};
      for (int64_t m = 0; m < a.M; m += MR) {
        const int64_t exist = std::min(MR, a.M - m);
        multiply_rows(left.rows(m, exist), right, pairs_of(K), std::min(block_columns, b.N - n),
                      {.c = c.data + m * c.stride + n,
                       .stride = c.stride,
                       .rows = exist,
                       .columns = 0,
                       .into = k > 0 ? Into::add : c.into});
      }
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
int64_t left_floats(const Strided&, int64_t, int64_t) { return 0; }
int64_t right_floats(int64_t, int64_t) { return 0; }
void pack(const LeftFactor&, float*) { require(false, "bf16: no such instruction"); }
void pack(const RightFactor&, float*) { require(false, "bf16: no such instruction"); }
void multiply(const LeftFactor&, const RightFactor&, const Output&) {
  require(false, "bf16: no such instruction");
}
float peak_rounds(int64_t) { return 0; }
int64_t peak_flop() { return 0; }

}  // namespace quantrial::bf16
#endif
