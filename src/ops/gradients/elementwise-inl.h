// Loops over rows of floats by vectors, for the files of this folder; included once for every
// instruction set (Highway's foreach_target).
#if defined(QUANTRIAL_GRADIENTS_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_GRADIENTS_ELEMENTWISE_INL_H_
#undef QUANTRIAL_GRADIENTS_ELEMENTWISE_INL_H_
#else
#define QUANTRIAL_GRADIENTS_ELEMENTWISE_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;

// f(x, y) sets vectors y[O] from vectors x[I], over n elements of the arrays `in` and `out`.
template <size_t I, size_t O, typename F>
HWY_INLINE void Elementwise(const std::array<const float*, I>& in, const std::array<float*, O>& out,
                            int64_t n, F f) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vector x[I], y[O];
  int64_t at = 0;
  for (; at + lanes <= n; at += lanes) {
    for (size_t i = 0; i < I; ++i) x[i] = hn::LoadU(d, in[i] + at);
    f(x, y);
    for (size_t i = 0; i < O; ++i) hn::StoreU(y[i], d, out[i] + at);
  }
  if (at == n) return;
  HWY_ALIGN float rest[16] = {};
  for (size_t i = 0; i < I; ++i) {
    std::copy(in[i] + at, in[i] + n, rest);
    x[i] = hn::Load(d, rest);
  }
  f(x, y);
  for (size_t i = 0; i < O; ++i) {
    hn::Store(y[i], d, rest);
    std::copy(rest, rest + (n - at), out[i] + at);
  }
}

// sum over n elements of f(x), x[I] the vectors of the arrays `in`; f of zeros must be zero.
template <size_t I, typename F>
HWY_INLINE float Sum(const std::array<const float*, I>& in, int64_t n, F f) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  Vector x[I];
  int64_t at = 0;
  for (; at + lanes <= n; at += lanes) {
    for (size_t i = 0; i < I; ++i) x[i] = hn::LoadU(d, in[i] + at);
    sum = hn::Add(sum, f(x));
  }
  if (at < n) {
    HWY_ALIGN float rest[16] = {};
    for (size_t i = 0; i < I; ++i) {
      std::copy(in[i] + at, in[i] + n, rest);
      x[i] = hn::Load(d, rest);
    }
    sum = hn::Add(sum, f(x));
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

// 1 / sqrt(mean(x^2) + eps) over n values.
HWY_INLINE float InverseRms(const float* x, int64_t n, float eps) {
  const float sum = Sum<1>({x}, n, [](const Vector* v) { return hn::Mul(v[0], v[0]); });
  return 1 / std::sqrt(sum / static_cast<float>(n) + eps);
}

// 1 / (1 + exp(-x)).
HWY_INLINE Vector Sigmoid(Vector x) {
  const Lanes d;
  const auto power = hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0f)));
  return hn::Div(hn::Set(d, 1.0f), hn::Add(hn::Set(d, 1.0f), power));
}

}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
