// As matmul.cpp, with pairs of factors of which an instruction (VDPBF16PS) adds both products of 16
// pairs. Highway 1.0.3 does not know it, hence intrinsics. Both operands are packed.
#include "ops/cpu/matmul_bf16.h"

#include <algorithm>

#include "ops/cpu/bf16_vectors.h"
#include "ops/cpu/pack_bf16.h"
#include "ops/cpu/tile.h"

#if HWY_ARCH_X86
namespace quantrial::bf16 {
namespace {

constexpr int64_t block_rows = 64;  // of A that are packed at once

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

  // Rows [r, r + MR) from a pair on, of which `rows` exist: the others repeat the last.
  Rows rows(int64_t r, int64_t rows, int64_t first_pair = 0) const {
    Rows result{.row = {}, .step = major == Strided::Major::row ? 1 : MR};
    for (int64_t i = 0; i < MR; ++i) {
      const int64_t row = std::min(i, rows - 1);
      result.row[i] =
          pairs + first_pair * result.step +
          (major == Strided::Major::row ? (r + row) * row_stride(K) : r * pairs_of(K) + row);
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

// Pairs of a slice, and columns of C, that a tile of rows has to do with.
struct Extent {
  int64_t first_pair, pairs;
  int64_t first_column, N;
};

// MR rows of one slice of C.
void multiply_rows(const Rows& a, const Right& b, const Extent& extent, Target target) {
  float* const c = target.c;
  for (int64_t n = 0; n < extent.N; n += target.columns) {
    const int64_t vectors = panel_vectors((extent.N - n + lanes - 1) / lanes);
    target.columns = std::min(vectors * lanes, extent.N - n);
    if (n + target.columns <= extent.first_column) continue;
    target.c = c + n;
    const Pair* panel = b.pairs + n * b.panel_pairs + extent.first_pair * vectors * lanes;
    const auto multiply_tile =
        vectors == 3 ? MultiplyTile<3> : (vectors == 2 ? MultiplyTile<2> : MultiplyTile<1>);
    multiply_tile(a, panel, extent.pairs, target);
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
      multiply_rows(left.rows(r, exist), {.pairs = packed_b, .panel_pairs = pairs},
                    {.first_pair = 0, .pairs = pairs, .first_column = 0, .N = p.N},
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

namespace {

// What rows [m, m + MR) have to do with slice [k, k + K) and with columns [n, n + N) of C.
struct Part {
  int64_t k, K, n, N;

  Extent extent(const Band& factors, const Band& wanted, int64_t m) const {
    const int64_t begin = std::clamp<int64_t>(m + factors.first - k, 0, K) / 2;
    const int64_t end = pairs_of(std::clamp<int64_t>(m + MR + factors.last - k, 0, K));
    return {.first_pair = begin,
            .pairs = std::max<int64_t>(end - begin, 0),
            .first_column = m + wanted.first - n,
            .N = N};
  }
};

void multiply_part(const LeftFactor& a, const RightFactor& b, const Output& c, const Part& part) {
  const auto* left_memory = reinterpret_cast<const Pair*>(a.packed);
  const auto* right_memory = reinterpret_cast<const Pair*>(b.packed);
  const Left left{.pairs = left_memory + left_pairs(a.place.major, a.packed_M, part.k),
                  .major = a.place.major,
                  .K = part.K};
  const int64_t panel_pairs = pairs_of(std::min(slice, b.packed_K - part.k));
  const Right right{.pairs = right_memory + right_floats(part.k, b.N) + part.n * panel_pairs,
                    .panel_pairs = panel_pairs};
  for (int64_t m = 0; m < a.M; m += MR) {
    const int64_t exist = std::min(MR, a.M - m);
    const Extent extent = part.extent(a.band, c.band, m);
    multiply_rows(left.rows(m, exist, extent.first_pair), right, extent,
                  {.c = c.data + m * c.stride + part.n,
                   .stride = c.stride,
                   .rows = exist,
                   .columns = 0,
                   .into = part.k > 0 ? Into::add : c.into});
  }
}

}  // namespace

void multiply(const LeftFactor& a, const RightFactor& b, const Output& c) {
  for (int64_t n = 0; n < b.N; n += block_columns) {
    for (int64_t k = 0; k < a.K; k += slice) {
      multiply_part(
          a, b, c,
          {.k = k, .K = std::min(slice, a.K - k), .n = n, .N = std::min(block_columns, b.N - n)});
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
