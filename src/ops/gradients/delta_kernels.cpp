#include "ops/gradients/delta_kernels.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/delta_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"
#include "ops/gradients/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

// to[n] = exp(sign * (x - shift)), at most 1.
void Decay(const float* x, float shift, float sign, int64_t n, float* to) {
  const Lanes d;
  const auto minus = hn::Set(d, shift), factor = hn::Set(d, sign);
  Elementwise<1, 1>({x}, {to}, n, [&](const Vector* in, Vector* out) {
    const auto power = hn::Mul(hn::Sub(in[0], minus), factor);
    out[0] = hn::Exp(d, hn::Min(power, hn::Zero(d)));
  });
}

void FillDecays(const float* G, int64_t n, const ChunkDecays& decays) {
  Decay(G, 0, 1, n, decays.start);
  Decay(G, G[n - 1], -1, n, decays.end);
  for (int64_t i = 0; i < n; ++i) {
    decays.minus_start[i] = -decays.start[i];
    const int64_t whole_vectors = std::min(n, (i + 16) / 16 * 16);
    Decay(G, G[i], -1, whole_vectors, decays.between + i * n);
    std::fill(decays.between + i * n + i + 1, decays.between + (i + 1) * n, 0.0f);
  }
}

void MultiplyElements(const float* x, const float* y, float* z, int64_t n) {
  Elementwise<2, 1>({x, y}, {z}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], in[1]); });
}

void MultiplyAddElements(const float* x, const float* y, float* z, int64_t n) {
  Elementwise<3, 1>({x, y, z}, {z}, n, [](const Vector* in, Vector* out) {
    out[0] = hn::MulAdd(in[0], in[1], in[2]);
  });
}

void ScaleRows(const Matrix<const float>& x, const float* factor, const Matrix<float>& to) {
  for (int64_t i = 0; i < to.rows; ++i) {
    const auto scale = hn::Set(Lanes(), factor[i]);
    Elementwise<1, 1>({x.row(i)}, {to.row(i)}, to.columns,
                      [&](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], scale); });
  }
}

void AddScaledRows(const Matrix<const float>& base, const Matrix<const float>& x,
                   const float* factor, const Matrix<float>& to) {
  for (int64_t i = 0; i < to.rows; ++i) {
    const auto scale = hn::Set(Lanes(), factor[i]);
    Elementwise<2, 1>(
        {base.row(i), x.row(i)}, {to.row(i)}, to.columns,
        [&](const Vector* in, Vector* out) { out[0] = hn::MulAdd(in[1], scale, in[0]); });
  }
}

void DotRows(const Matrix<const float>& x, const Matrix<const float>& y, float* to) {
  for (int64_t i = 0; i < x.rows; ++i) {
    to[i] = Sum<2>({x.row(i), y.row(i)}, x.columns,
                   [](const Vector* v) { return hn::Mul(v[0], v[1]); });
  }
}

// A system with its rows numbered in the order in which they are solved.
struct Ordered {
  const float* m;
  int64_t m_row, m_column;
  const float* beta;
  int64_t beta_step;
  float *x, *scaled;
  int64_t x_step;
};

Ordered Order(const TriangularSystem& s) {
  const int64_t n = s.x.rows, last = n - 1, step = s.x.stride;
  if (s.order == TriangularSystem::Order::rows_down) {
    return {.m = s.m,
            .m_row = n,
            .m_column = 1,
            .beta = s.beta,
            .beta_step = 1,
            .x = s.x.data,
            .scaled = s.scaled.data,
            .x_step = step};
  }
  return {.m = s.m + n * n - 1,
          .m_row = -1,
          .m_column = -n,
          .beta = s.beta + last,
          .beta_step = -1,
          .x = s.x.row(last),
          .scaled = s.scaled.row(last),
          .x_step = -step};
}

// Rows [i, i + R) of V vectors of columns, of which a single one may be `rest` floats wide.
template <int R, int V>
void SolveBlock(const Ordered& s, int64_t i, int64_t column, int64_t rest) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto load = [&](const float* from) {
    return V == 1 && rest < lanes ? LoadFirst(from, rest) : hn::LoadU(d, from);
  };
  float* x = s.x + i * s.x_step + column;
  float* scaled = s.scaled + i * s.x_step + column;
  Vector sum[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) sum[r][v] = load(x + r * s.x_step + v * lanes);
  }
  const float* m = s.m + i * s.m_row;
  for (int64_t j = 0; j < i; ++j) {
    Vector solved[V];
    for (int v = 0; v < V; ++v) solved[v] = load(s.scaled + j * s.x_step + column + v * lanes);
    for (int r = 0; r < R; ++r) {
      const auto factor = hn::Set(d, m[r * s.m_row + j * s.m_column]);
      for (int v = 0; v < V; ++v) sum[r][v] = hn::NegMulAdd(factor, solved[v], sum[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    const auto beta = hn::Set(d, s.beta[(i + r) * s.beta_step]);
    for (int v = 0; v < V; ++v) {
      const auto result = sum[r][v], times_beta = hn::Mul(result, beta);
      for (int below = r + 1; below < R; ++below) {
        const auto factor = hn::Set(d, m[below * s.m_row + (i + r) * s.m_column]);
        sum[below][v] = hn::NegMulAdd(factor, times_beta, sum[below][v]);
      }
      float* to = x + r * s.x_step + v * lanes;
      float* scaled_to = scaled + r * s.x_step + v * lanes;
      if (V == 1 && rest < lanes) {
        StoreFirst(result, to, rest);
        StoreFirst(times_beta, scaled_to, rest);
      } else {
        hn::StoreU(result, d, to);
        hn::StoreU(times_beta, d, scaled_to);
      }
    }
  }
}

template <int V>
void SolveColumns(const Ordered& s, int64_t n, int64_t column, int64_t rest) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) SolveBlock<4, V>(s, i, column, rest);
  for (; i < n; ++i) SolveBlock<1, V>(s, i, column, rest);
}

void Solve(const TriangularSystem& system) {
  constexpr int V = HWY_MAX_BYTES >= 64 ? 4 : 2;
  const auto lanes = static_cast<int64_t>(hn::Lanes(Lanes()));
  const Ordered ordered = Order(system);
  int64_t column = 0;
  for (; column + V * lanes <= system.x.columns; column += V * lanes) {
    SolveColumns<V>(ordered, system.x.rows, column, 0);
  }
  for (; column < system.x.columns; column += lanes) {
    SolveColumns<1>(ordered, system.x.rows, column, std::min(lanes, system.x.columns - column));
  }
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(FillDecays);
HWY_EXPORT(MultiplyElements);
HWY_EXPORT(MultiplyAddElements);
HWY_EXPORT(ScaleRows);
HWY_EXPORT(AddScaledRows);
HWY_EXPORT(DotRows);
HWY_EXPORT(Solve);

void fill_decays(const float* G, int64_t n, const ChunkDecays& decays) {
  HWY_DYNAMIC_DISPATCH(FillDecays)(G, n, decays);
}
void multiply_elements(const float* x, const float* y, float* z, int64_t n) {
  HWY_DYNAMIC_DISPATCH(MultiplyElements)(x, y, z, n);
}
void multiply_add_elements(const float* x, const float* y, float* z, int64_t n) {
  HWY_DYNAMIC_DISPATCH(MultiplyAddElements)(x, y, z, n);
}
void scale_rows(const Matrix<const float>& x, const float* factor, const Matrix<float>& to) {
  HWY_DYNAMIC_DISPATCH(ScaleRows)(x, factor, to);
}
void add_scaled_rows(const Matrix<const float>& base, const Matrix<const float>& x,
                     const float* factor, const Matrix<float>& to) {
  HWY_DYNAMIC_DISPATCH(AddScaledRows)(base, x, factor, to);
}
void dot_rows(const Matrix<const float>& x, const Matrix<const float>& y, float* to) {
  HWY_DYNAMIC_DISPATCH(DotRows)(x, y, to);
}
void solve(const TriangularSystem& system) { HWY_DYNAMIC_DISPATCH(Solve)(system); }

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
