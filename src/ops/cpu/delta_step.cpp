#include "ops/cpu/delta_step.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/delta_step.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;

// Where the tokens' numbers lie for a strip of columns.
struct Strip {
  const float* S;
  float* to;
  int64_t D_k, D_v;  // D_v: distance of rows
  int64_t column;
  int64_t rest;  // columns of a last vector, in strips of one
};

template <int V>
struct Sums {
  Vector k[V], q[V];  // S^T k, S^T q
};

template <int V>
Vector LoadColumns(const float* from, int v, const Strip& strip) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Lanes()));
  if (V == 1 && strip.rest < lanes) {
    return gradients::HWY_NAMESPACE::LoadFirst(from, strip.rest);
  }
  return hn::LoadU(Lanes(), from + v * lanes);
}

template <int V>
void StoreColumns(Vector x, float* to, int v, const Strip& strip) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Lanes()));
  if (V == 1 && strip.rest < lanes) {
    gradients::HWY_NAMESPACE::StoreFirst(x, to, strip.rest);
  } else {
    hn::StoreU(x, Lanes(), to + v * lanes);
  }
}

template <int V>
void Accumulate(const Vector* s, float k, float q, Sums<V>& sums) {
  const auto key = hn::Set(Lanes(), k), query = hn::Set(Lanes(), q);
  for (int v = 0; v < V; ++v) {
    sums.k[v] = hn::MulAdd(s[v], key, sums.k[v]);
    sums.q[v] = hn::MulAdd(s[v], query, sums.q[v]);
  }
}

template <int V>
Sums<V> NoSums() {
  Sums<V> sums;
  for (int v = 0; v < V; ++v) sums.k[v] = sums.q[v] = hn::Zero(Lanes());
  return sums;
}

template <int V>
Sums<V> Read(const float* k, const float* q, const Strip& strip) {
  Sums<V> sums = NoSums<V>();
  for (int64_t i = 0; i < strip.D_k; ++i) {
    Vector s[V];
    for (int v = 0; v < V; ++v) s[v] = LoadColumns<V>(strip.S + i * strip.D_v, v, strip);
    Accumulate<V>(s, k[i], q[i], sums);
  }
  return sums;
}

// exp(g) S + k d^T, of row i.
struct Update {
  const float* k;
  float decay;
};
template <int V>
void UpdateRow(const Update& update, const Vector* d, int64_t i, const Strip& strip, Vector* s) {
  const auto decay = hn::Set(Lanes(), update.decay), key = hn::Set(Lanes(), update.k[i]);
  for (int v = 0; v < V; ++v) {
    s[v] = hn::Mul(LoadColumns<V>(strip.S + i * strip.D_v, v, strip), decay);
    s[v] = hn::MulAdd(key, d[v], s[v]);
    StoreColumns<V>(s[v], strip.to + i * strip.D_v, v, strip);
  }
}

template <int V>
Sums<V> WriteAndRead(const Update& update, const Vector* d, const float* k, const float* q,
                     const Strip& strip) {
  Sums<V> sums = NoSums<V>();
  for (int64_t i = 0; i < strip.D_k; ++i) {
    Vector s[V];
    UpdateRow<V>(update, d, i, strip, s);
    Accumulate<V>(s, k[i], q[i], sums);
  }
  return sums;
}

template <int V>
void Write(const Update& update, const Vector* d, const Strip& strip) {
  for (int64_t i = 0; i < strip.D_k; ++i) {
    Vector s[V];
    UpdateRow<V>(update, d, i, strip, s);
  }
}

float Dot(const float* x, const float* y, int64_t n) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    sum = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sum);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += x[i] * y[i];
  return total;
}

template <int V>
void RunStrip(const HeadRows& rows, int64_t T, Strip strip) {
  const bool keeps = strip.S == strip.to;
  const float *q = rows.q, *k = rows.k;
  Sums<V> sums = Read<V>(k, q, strip);
  for (int64_t t = 0; t < T; ++t) {
    const float decay = std::exp(rows.g[t * rows.gate_stride]);
    const auto decays = hn::Set(Lanes(), decay);
    const auto beta = hn::Set(Lanes(), rows.beta[t * rows.gate_stride]);
    const auto product = hn::Set(Lanes(), Dot(q, k, strip.D_k));
    const float* value = rows.v + t * rows.v_stride + strip.column;
    float* y = rows.y + t * rows.y_stride + strip.column;
    Vector d[V];
    for (int v = 0; v < V; ++v) {
      const auto read = hn::NegMulAdd(decays, sums.k[v], LoadColumns<V>(value, v, strip));
      d[v] = hn::Mul(beta, read);
      StoreColumns<V>(hn::MulAdd(product, d[v], hn::Mul(decays, sums.q[v])), y, v, strip);
    }
    const Update update{.k = k, .decay = decay};
    k += rows.qk_stride;
    q += rows.qk_stride;
    if (t + 1 < T) {
      sums = WriteAndRead<V>(update, d, k, q, strip);
      strip.S = strip.to;
    } else if (keeps) {
      Write<V>(update, d, strip);
    }
  }
}

void DeltaSteps(const HeadRows& rows, int64_t T, const DeltaState& state) {
  constexpr int V = 4;  // eight chains of sums: the multiply-adds follow closely
  const auto lanes = static_cast<int64_t>(hn::Lanes(Lanes()));
  Strip strip{
      .S = state.S, .to = state.to, .D_k = state.D_k, .D_v = state.D_v, .column = 0, .rest = lanes};
  const auto next = [&](int64_t columns) {
    strip.column += columns;
    strip.S += columns;
    strip.to += columns;
  };
  for (; strip.column + V * lanes <= state.D_v; next(V * lanes)) RunStrip<V>(rows, T, strip);
  for (; strip.column < state.D_v; next(lanes)) {
    strip.rest = std::min(lanes, state.D_v - strip.column);
    RunStrip<1>(rows, T, strip);
  }
}

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::kernels {

HWY_EXPORT(DeltaSteps);

void delta_steps(const HeadRows& rows, int64_t T, const DeltaState& state) {
  HWY_DYNAMIC_DISPATCH(DeltaSteps)(rows, T, state);
}

}  // namespace quantrial::kernels
#endif  // HWY_ONCE
