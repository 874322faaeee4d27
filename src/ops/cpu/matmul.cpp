// Goto & van de Geijn 2008: a block of B is packed to stay in the second-level cache, MR rows of A
// at a time to stay in the first, and MR x NR sums of C in registers while k runs through a slice.
#include "ops/matmul.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/matmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;

// A's rows lie in groups of 4: [group][k][4].
constexpr int groups = HWY_MAX_BYTES >= 64 ? 2 : 1;
constexpr int64_t MR = 4 * groups;
constexpr int NV = 3;  // vectors of a row of C in registers
constexpr int64_t slice = matmul_slice;

int64_t LaneCount() { return static_cast<int64_t>(hn::Lanes(Lanes())); }

// Rows of a slice's packed A, and columns of packed B in whole vectors.
struct Tile {
  int64_t rows, columns;
};

// to[k][4] = 4 rows of `from` that lie `stride` apart, for k in [0, K).
void InterleaveRows(const float* HWY_RESTRICT from, int64_t stride, int64_t K,
                    float* HWY_RESTRICT to) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  int64_t k = 0;
  for (; k + lanes <= K; k += lanes) {
    hn::StoreInterleaved4(hn::LoadU(d, from + k), hn::LoadU(d, from + stride + k),
                          hn::LoadU(d, from + 2 * stride + k), hn::LoadU(d, from + 3 * stride + k),
                          d, to + 4 * k);
  }
  for (; k < K; ++k) {
    for (int64_t i = 0; i < 4; ++i) to[4 * k + i] = from[i * stride + k];
  }
}

// Rows [m, m + MR) of A, columns [k, k + K), as [group][k][4]; zeros beyond row M.
void PackA(const Strided& a, int64_t m, int64_t M, int64_t k, int64_t K, float* HWY_RESTRICT to) {
  for (int64_t g = 0; g < groups; ++g, m += 4, to += 4 * K) {
    const int64_t rows = std::clamp<int64_t>(M - m, 0, 4);
    const bool row_major = a.major == Strided::Major::row;
    if (rows == 4 && row_major) {
      InterleaveRows(a.data + m * a.stride + k, a.stride, K, to);
    } else if (rows == 4) {
      for (int64_t i = 0; i < K; ++i) {
        std::memcpy(to + 4 * i, a.data + (k + i) * a.stride + m, 4 * sizeof(float));
      }
    } else {
      std::fill_n(to, 4 * K, 0.0f);
      for (int64_t i = 0; i < K; ++i) {
        for (int64_t r = 0; r < rows; ++r) {
          to[4 * i + r] =
              row_major ? a.data[(m + r) * a.stride + k + i] : a.data[(k + i) * a.stride + m + r];
        }
      }
    }
  }
}

// `width` columns of B from n, rows [k, k + K), as to[k][columns]; zeros beyond `width`. `quads` is
// scratch of 4 K floats.
void PackPanel(const Strided& b, int64_t k, int64_t K, int64_t n, int64_t width, int64_t columns,
               float* HWY_RESTRICT to, float* HWY_RESTRICT quads) {
  if (width < columns) std::fill_n(to, K * columns, 0.0f);
  if (b.major == Strided::Major::row) {
    const Lanes d;
    const int64_t lanes = LaneCount();
    for (int64_t i = 0; i < K; ++i) {
      const float* from = b.data + (k + i) * b.stride + n;
      int64_t j = 0;
      for (; j + lanes <= width; j += lanes) {
        hn::Store(hn::LoadU(d, from + j), d, to + i * columns + j);
      }
      for (; j < width; ++j) to[i * columns + j] = from[j];
    }
    return;
  }
  int64_t j = 0;
  for (; j + 4 <= width; j += 4) {
    InterleaveRows(b.data + (n + j) * b.stride + k, b.stride, K, quads);
    for (int64_t i = 0; i < K; ++i) {
      std::memcpy(to + i * columns + j, quads + 4 * i, 4 * sizeof(float));
    }
  }
  for (; j < width; ++j) {
    for (int64_t i = 0; i < K; ++i) to[i * columns + j] = b.data[(n + j) * b.stride + k + i];
  }
}

// Where a tile of sums goes.
struct Target {
  float* c;
  int64_t stride;
  int64_t rows, columns;  // to be written, at most MR and V vectors
  Into into;
};

// C[MR, V vectors] (+)= A B over one slice.
template <int V>
void MultiplyTile(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t K,
                  const Target& target) {
  const Lanes d;
  const int64_t lanes = LaneCount();
  hn::Vec<Lanes> sum[MR][V];
  for (int i = 0; i < MR; ++i) {
    for (int j = 0; j < V; ++j) sum[i][j] = hn::Zero(d);
  }
  for (int i = 0; i < MR; ++i) {
    if (i >= target.rows) break;
    for (int j = 0; j < V; ++j) hwy::Prefetch(target.c + i * target.stride + j * lanes);
  }
  const float* second = a + 4 * K;
  for (int64_t k = 0; k < K; ++k) {
    hn::Vec<Lanes> row[V];
    for (int j = 0; j < V; ++j) row[j] = hn::Load(d, b + j * lanes);
    for (int i = 0; i < MR; ++i) {
      const auto factor = hn::Set(d, i < 4 ? a[4 * k + i] : second[4 * k + i - 4]);
      for (int j = 0; j < V; ++j) sum[i][j] = hn::MulAdd(factor, row[j], sum[i][j]);
    }
    b += V * lanes;
  }
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
  HWY_ALIGN float row[V * 16];
  for (int i = 0; i < MR; ++i) {
    if (i >= target.rows) break;
    for (int j = 0; j < V; ++j) hn::Store(sum[i][j], d, row + j * lanes);
    float* c = target.c + i * target.stride;
    for (int64_t n = 0; n < target.columns; ++n) {
      c[n] = target.into == Into::add ? c[n] + row[n] : row[n];
    }
  }
}

// All of one slice of k of a block of C that is at most block_columns wide.
void MultiplySlice(const Product& p, int64_t k, float* scratch) {
  const int64_t lanes = LaneCount(), NR = NV * lanes;
  const int64_t K = std::min(slice, p.K - k);
  float* packed_a = scratch;
  float* packed_b = scratch + MR * slice;
  for (int64_t n = 0; n < p.N; n += NR) {
    const int64_t width = std::min(NR, p.N - n);
    const int64_t columns = (width + lanes - 1) / lanes * lanes;
    PackPanel(p.b, k, K, n, width, columns, packed_b + n * K, packed_a);
  }
  const Into into = k == 0 ? p.into : Into::add;
  for (int64_t m = 0; m < p.M; m += MR) {
    PackA(p.a, m, p.M, k, K, packed_a);
    for (int64_t n = 0; n < p.N; n += NR) {
      const Target target{.c = p.c + m * p.c_stride + n,
                          .stride = p.c_stride,
                          .rows = std::min(MR, p.M - m),
                          .columns = std::min(NR, p.N - n),
                          .into = into};
      const float* b = packed_b + n * K;
      if (target.columns > 2 * lanes) {
        MultiplyTile<3>(packed_a, b, K, target);
      } else if (target.columns > lanes) {
        MultiplyTile<2>(packed_a, b, K, target);
      } else {
        MultiplyTile<1>(packed_a, b, K, target);
      }
    }
  }
}

// Columns of B that are packed at once: about 590 KB a slice.
constexpr int64_t block_columns = 576;

void Multiply(const Product& p, float* scratch) {
  for (int64_t n = 0; n < p.N; n += block_columns) {
    Product part = p;
    part.b.data += p.b.major == Strided::Major::row ? n : n * p.b.stride;
    part.c += n;
    part.N = std::min(block_columns, p.N - n);
    for (int64_t k = 0; k < p.K; k += slice) MultiplySlice(part, k, scratch);
  }
}

}  // namespace
}  // namespace quantrial::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial {

HWY_EXPORT(Multiply);

int64_t product_scratch_floats() { return matmul_slice * (8 + 576); }

void multiply(const Product& product, float* scratch) {
  if (product.K == 0 && product.into == Into::overwrite) {
    for (int64_t m = 0; m < product.M; ++m) {
      std::fill_n(product.c + m * product.c_stride, product.N, 0.0f);
    }
  }
  HWY_DYNAMIC_DISPATCH(Multiply)(product, scratch);
}

namespace {

// Cuts C into blocks for the threads; how it is cut changes no bit.
void multiply_blocks(const Product& p, Workers& workers) {
  constexpr int64_t widest = 576, tallest = 1024, shortest = 128, tasks_per_thread = 4;
  const auto ceil = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  if (p.M == 0 || p.N == 0) return;
  const int64_t across = ceil(p.N, widest);
  const int64_t width = ceil(ceil(p.N, across), 48) * 48;
  const int64_t wanted = ceil(workers.size() * tasks_per_thread, across);
  const int64_t height = std::clamp(ceil(ceil(p.M, wanted), 8) * 8, shortest, tallest);
  const int64_t columns = ceil(p.N, width), rows = ceil(p.M, height);
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

Strided strided(View<const float, 2> m) { return {.data = m.data(), .stride = m.shape(1)}; }

void multiply(Strided a, Strided b, View<float, 2> c, int64_t K, Into into, Workers& workers) {
  multiply_blocks({.a = a,
                   .b = b,
                   .c = c.data(),
                   .c_stride = c.shape(1),
                   .M = c.shape(0),
                   .N = c.shape(1),
                   .K = K,
                   .into = into},
                  workers);
}

}  // namespace

void multiply_nt(View<const float, 2> x, View<const float, 2> w, View<float, 2> y, Into into,
                 Workers& workers) {
  require(x.shape(1) == w.shape(1) && y.shape(0) == x.shape(0) && y.shape(1) == w.shape(0),
          "multiply_nt: shapes");
  multiply(strided(x), transposed(strided(w)), y, x.shape(1), into, workers);
}

void multiply_nn(View<const float, 2> dy, View<const float, 2> w, View<float, 2> dx, Into into,
                 Workers& workers) {
  require(dy.shape(1) == w.shape(0) && dx.shape(0) == dy.shape(0) && dx.shape(1) == w.shape(1),
          "multiply_nn: shapes");
  multiply(strided(dy), strided(w), dx, dy.shape(1), into, workers);
}

void multiply_tn(View<const float, 2> dy, View<const float, 2> x, View<float, 2> dw, Into into,
                 Workers& workers) {
  require(dy.shape(0) == x.shape(0) && dw.shape(0) == dy.shape(1) && dw.shape(1) == x.shape(1),
          "multiply_tn: shapes");
  multiply(transposed(strided(dy)), strided(x), dw, dy.shape(0), into, workers);
}

}  // namespace quantrial
#endif  // HWY_ONCE
