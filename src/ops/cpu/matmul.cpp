// Goto & van de Geijn 2008: a block of B is packed to stay in the second-level cache, and sums of
// C, MR rows by a few vectors, stay in registers while k runs through a slice. Rows of A are read
// in place, columns are packed.
#include "ops/matmul.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstring>

#include "ops/cpu/matmul_bf16.h"
#include "ops/cpu/tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/matmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;

constexpr int64_t MR = HWY_MAX_BYTES >= 64 ? 8 : 4;
constexpr int64_t block_rows = 64;  // of A that are packed at once
constexpr int64_t slice = matmul_slice;

int64_t LaneCount() { return static_cast<int64_t>(hn::Lanes(Lanes())); }

// MR rows of A over a slice: element k of row i at row[i][k * step].
struct Rows {
  const float* row[MR];
  int64_t step;
};

// Rows [m, m + rows) of a column-major A, columns [k, k + K), as to[rows / MR][K][MR].
void PackRows(const Strided& a, int64_t m, int64_t rows, int64_t k, int64_t K,
              float* HWY_RESTRICT to) {
  for (int64_t i = 0; i < K; ++i) {
    const float* from = a.data + (k + i) * a.stride + m;
    int64_t r = 0;
    for (; r + MR <= rows; r += MR) std::memcpy(to + r * K + i * MR, from + r, MR * sizeof(float));
    for (; r < rows; ++r) to[r / MR * MR * K + i * MR + r % MR] = from[r];
  }
}

// Rows [m, m + MR) of A, of which `rows` exist: the others repeat the last.
Rows RowsInPlace(const Strided& a, int64_t m, int64_t rows, int64_t k) {
  Rows result{.row = {}, .step = 1};
  for (int64_t i = 0; i < MR; ++i) {
    result.row[i] = a.data + (m + std::min(i, rows - 1)) * a.stride + k;
  }
  return result;
}
Rows PackedRows(const float* packed, int64_t rows) {
  Rows result{.row = {}, .step = MR};
  for (int64_t i = 0; i < MR; ++i) result.row[i] = packed + std::min(i, rows - 1);
  return result;
}

// to[k][columns] = `width` rows of w, each K long and `stride` apart.
void PackTransposed(const float* w, int64_t stride, int64_t width, int64_t K, int64_t columns,
                    float* HWY_RESTRICT to) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  HWY_ALIGN float quads[4 * 16];
  int64_t j = 0;
  for (; j + 4 <= width; j += 4) {
    const float* from = w + j * stride;
    int64_t k = 0;
    for (; k + lanes <= K; k += lanes) {
      hn::StoreInterleaved4(hn::LoadU(d, from + k), hn::LoadU(d, from + stride + k),
                            hn::LoadU(d, from + 2 * stride + k),
                            hn::LoadU(d, from + 3 * stride + k), d, quads);
      for (int64_t i = 0; i < lanes; ++i) {
        std::memcpy(to + (k + i) * columns + j, quads + 4 * i, 4 * sizeof(float));
      }
    }
    for (; k < K; ++k) {
      for (int64_t i = 0; i < 4; ++i) to[k * columns + j + i] = from[i * stride + k];
    }
  }
  for (; j < width; ++j) {
    for (int64_t k = 0; k < K; ++k) to[k * columns + j] = w[j * stride + k];
  }
}

// Rows [k, k + K) of B, N columns, in panels one after the other: [K][columns of the panel], with
// zeros beyond column N.
void PackB(const Strided& b, int64_t k, int64_t K, int64_t N, float* HWY_RESTRICT to) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  if (b.major == Strided::Major::column) {
    for (int64_t n = 0; n < N;) {
      const int64_t columns = panel_vectors((N - n + lanes - 1) / lanes) * lanes;
      const int64_t width = std::min(columns, N - n);
      if (width < columns) std::fill_n(to + n * K, K * columns, 0.0f);
      PackTransposed(b.data + n * b.stride + k, b.stride, width, K, columns, to + n * K);
      n += width;
    }
    return;
  }
  for (int64_t i = 0; i < K; ++i) {  // whole rows, as they lie in memory
    const float* from = b.data + (k + i) * b.stride;
    for (int64_t n = 0; n < N;) {
      const int64_t columns = panel_vectors((N - n + lanes - 1) / lanes) * lanes;
      float* panel = to + n * K + i * columns;
      for (int64_t j = 0; j < columns; j += lanes, n += lanes) {
        if (n + lanes <= N) {
          hn::Store(hn::LoadU(d, from + n), d, panel + j);
        } else {
          for (int64_t l = 0; l < lanes; ++l) panel[j + l] = n + l < N ? from[n + l] : 0.0f;
        }
      }
    }
  }
}

template <int V>
void StoreTile(const hn::Vec<Lanes> (&sum)[MR][V], const Target& target) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  if (target.rows == MR && target.columns == V * lanes) {
    for (int i = 0; i < MR; ++i) {
      float* c = target.c + i * target.stride;
      for (int j = 0; j < V; ++j) {
        const auto value =
            target.into == Into::add ? hn::Add(hn::LoadU(d, c + j * lanes), sum[i][j]) : sum[i][j];
        hn::StoreU(value, d, c + j * lanes);
      }
    }
    return;
  }
  HWY_ALIGN float row[V * 16] = {};
  for (int i = 0; i < MR; ++i) {
    if (i >= target.rows) break;
    for (int j = 0; j < V; ++j) hn::Store(sum[i][j], d, row + j * lanes);
    float* c = target.c + i * target.stride;
    for (int64_t n = 0; n < target.columns; ++n) {
      c[n] = target.into == Into::add ? c[n] + row[n] : row[n];
    }
  }
}

// C[MR, V vectors] (+)= A B over one slice; b is [K][V vectors].
template <int V>
HWY_NOINLINE void MultiplyTile(const Rows& a, const float* HWY_RESTRICT b, int64_t K,
                               const Target& target) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  hn::Vec<Lanes> sum[MR][V];
  const float* from[MR];
  for (int i = 0; i < MR; ++i) {
    from[i] = a.row[i];
    for (int j = 0; j < V; ++j) {
      sum[i][j] = hn::Zero(d);
      if (i < target.rows) hwy::Prefetch(target.c + i * target.stride + j * lanes);
    }
  }
  const int64_t step = a.step;
  int64_t at = 0;
  for (int64_t k = 0; k < K; ++k) {
    hn::Vec<Lanes> row[V];
    for (int j = 0; j < V; ++j) row[j] = hn::Load(d, b + j * lanes);
    for (int i = 0; i < MR; ++i) {
      const auto factor = hn::Set(d, from[i][at]);
      for (int j = 0; j < V; ++j) sum[i][j] = hn::MulAdd(factor, row[j], sum[i][j]);
    }
    b += V * lanes;
    at += step;
  }
  StoreTile<V>(sum, target);
}

// MR rows of one slice of C against all panels of packed B.
void MultiplyRows(const Rows& a, const float* packed_b, int64_t K, int64_t N, Target target) {
  const int64_t lanes = LaneCount();
  for (int64_t n = 0; n < N;) {
    const int64_t vectors = panel_vectors((N - n + lanes - 1) / lanes);
    target.columns = std::min(vectors * lanes, N - n);
    const auto multiply_tile =
        vectors == 3 ? MultiplyTile<3> : (vectors == 2 ? MultiplyTile<2> : MultiplyTile<1>);
    multiply_tile(a, packed_b + n * K, K, target);
    target.c += target.columns;
    n += target.columns;
  }
}

// All of one slice of k of a block of C that is at most block_columns wide.
void MultiplySlice(const Product& p, int64_t k, float* scratch) {
  const int64_t K = std::min(slice, p.K - k);
  float* packed_a = scratch;
  float* packed_b = scratch + block_rows * slice;
  PackB(p.b, k, K, p.N, packed_b);
  const bool in_place = p.a.major == Strided::Major::row;
  for (int64_t m = 0; m < p.M; m += MR) {
    const int64_t in_block = m % block_rows;
    if (!in_place && in_block == 0) {
      PackRows(p.a, m, std::min(block_rows, p.M - m), k, K, packed_a);
    }
    const int64_t rows = std::min(MR, p.M - m);
    const Rows a =
        in_place ? RowsInPlace(p.a, m, rows, k) : PackedRows(packed_a + in_block * K, rows);
    MultiplyRows(a, packed_b, K, p.N,
                 {.c = p.c + m * p.c_stride,
                  .stride = p.c_stride,
                  .rows = rows,
                  .columns = 0,
                  .into = k == 0 ? p.into : Into::add});
  }
}

void Multiply(const Product& p, float* scratch) {
  for (int64_t n = 0; n < p.N; n += block_columns) {
    Product part = p;
    part.b.data += p.b.major == Strided::Major::row ? n : n * p.b.stride;
    part.c += n;
    part.N = std::min(block_columns, p.N - n);
    for (int64_t k = 0; k < p.K; k += slice) MultiplySlice(part, k, scratch);
  }
}

bool IsWide() { return HWY_MAX_BYTES >= 64; }

}  // namespace
}  // namespace quantrial::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial {

HWY_EXPORT(Multiply);
HWY_EXPORT(IsWide);

Factors bfloat16_factors() {
  const bool has = HWY_DYNAMIC_DISPATCH(IsWide)() && bf16::has_products();
  return has ? Factors::bfloat16 : Factors::float32;
}

namespace {
bool is_packed(Factors factors) {
  return factors == Factors::bfloat16 && bfloat16_factors() == Factors::bfloat16;
}
}  // namespace

int64_t left_floats(const Strided& a, int64_t M, int64_t K, Factors factors) {
  return is_packed(factors) ? bf16::left_floats(a, M, K) : 0;
}
int64_t right_floats(int64_t K, int64_t N, Factors factors) {
  return is_packed(factors) ? bf16::right_floats(K, N) : 0;
}

LeftFactor prepared_left(LeftFactor a, Factors factors, float* memory) {
  a.packed_M = a.M;
  if (!is_packed(factors)) return a;
  bf16::pack(a, memory);
  a.packed = memory;
  return a;
}
RightFactor prepared_right(RightFactor b, Factors factors, float* memory) {
  b.packed_K = b.K;
  if (!is_packed(factors)) return b;
  bf16::pack(b, memory);
  b.packed = memory;
  return b;
}

void multiply(const LeftFactor& a, const RightFactor& b, const Output& c, float* scratch) {
  if (a.packed != nullptr && b.packed != nullptr) {
    bf16::multiply(a, b, c);
    return;
  }
  multiply({.a = a.place,
            .b = b.place,
            .c = c.data,
            .c_stride = c.stride,
            .M = a.M,
            .N = b.N,
            .K = a.K,
            .into = c.into},
           scratch);
}

int64_t product_scratch_floats() { return (matmul_slice + 16) * 64 + matmul_slice * 576; }

void multiply(const Product& product, float* scratch) {
  if (product.K == 0 && product.into == Into::overwrite) {
    for (int64_t m = 0; m < product.M; ++m) {
      std::fill_n(product.c + m * product.c_stride, product.N, 0.0f);
    }
  }
  if (is_packed(product.factors)) {
    bf16::multiply(product, scratch);
  } else {
    HWY_DYNAMIC_DISPATCH(Multiply)(product, scratch);
  }
}

namespace {

// Cuts C into blocks for the threads; how it is cut changes no bit.
void multiply_blocks(const Product& p, Workers& workers) {
  constexpr int64_t widest = 576, tallest = 1024, tasks_per_thread = 4;
  const auto ceil = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  if (p.M == 0 || p.N == 0) return;
  const int64_t across = ceil(p.N, widest);
  const int64_t width = ceil(ceil(p.N, across), 48) * 48;
  const int64_t wanted = ceil(workers.size() * tasks_per_thread, across);
  const int64_t columns = ceil(p.N, width);
  // B is packed for every task: so many rows make up for that, unless threads would stand idle.
  const int64_t enough = p.factors == Factors::bfloat16 ? 512 : 128;
  const int64_t shortest =
      std::clamp(ceil(p.M * columns, workers.size() * 8) * 8, int64_t{32}, enough);
  const int64_t height = std::clamp(ceil(ceil(p.M, wanted), 8) * 8, shortest, tallest);
  const int64_t rows = ceil(p.M, height);
  workers.for_each(rows * columns, product_scratch_floats(), [&](int64_t i, float* scratch) {
    const int64_t m = i % rows * height, n = i / rows * width;
    Product part = p;
    part.a.data += p.a.major == Strided::Major::row ? m * p.a.stride : m;
    part.b.data += p.b.major == Strided::Major::row ? n : n * p.b.stride;
    part.c += m * p.c_stride + n;
    part.M = std::min(height, p.M - m);
    part.N = std::min(width, p.N - n);
    multiply(part, scratch);
  });
}

void multiply(Strided a, Strided b, View<float, 2> c, int64_t K, ProductOptions options,
              Workers& workers) {
  multiply_blocks({.a = a,
                   .b = b,
                   .c = c.data(),
                   .c_stride = c.shape(1),
                   .M = c.shape(0),
                   .N = c.shape(1),
                   .K = K,
                   .into = options.into,
                   .factors = options.factors},
                  workers);
}

}  // namespace

void multiply_nt(View<const float, 2> x, View<const float, 2> w, View<float, 2> y,
                 ProductOptions options, Workers& workers) {
  require(x.shape(1) == w.shape(1) && y.shape(0) == x.shape(0) && y.shape(1) == w.shape(0),
          "multiply_nt: shapes");
  multiply(strided(x), transposed(strided(w)), y, x.shape(1), options, workers);
}

void multiply_nn(View<const float, 2> dy, View<const float, 2> w, View<float, 2> dx,
                 ProductOptions options, Workers& workers) {
  require(dy.shape(1) == w.shape(0) && dx.shape(0) == dy.shape(0) && dx.shape(1) == w.shape(1),
          "multiply_nn: shapes");
  multiply(strided(dy), strided(w), dx, dy.shape(1), options, workers);
}

void multiply_tn(View<const float, 2> dy, View<const float, 2> x, View<float, 2> dw,
                 ProductOptions options, Workers& workers) {
  require(dy.shape(0) == x.shape(0) && dw.shape(0) == dy.shape(1) && dw.shape(1) == x.shape(1),
          "multiply_tn: shapes");
  multiply(transposed(strided(dy)), strided(x), dw, dy.shape(0), options, workers);
}

}  // namespace quantrial
#endif  // HWY_ONCE
