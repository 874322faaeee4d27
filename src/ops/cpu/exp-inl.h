// exp and what gates are made of, by vectors; included once for every instruction set.
#if defined(QUANTRIAL_OPS_CPU_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_OPS_CPU_EXP_INL_H_
#undef QUANTRIAL_OPS_CPU_EXP_INL_H_
#else
#define QUANTRIAL_OPS_CPU_EXP_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;
using gradients::HWY_NAMESPACE::Elementwise;

// exp(x) within 2 units in the last place for x in [-87.3, 88]; 0 below, infinity above, NaN for
// NaN. x = n log 2 + r, |r| <= log(2) / 2; the polynomial of exp(r) is that of Cephes' expf
// (S. Moshier).
HWY_INLINE Vector Exp(Vector x) {
  const Lanes d;
  const hn::RebindToSigned<Lanes> d32;
  const auto n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504f)));
  auto r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  auto p = hn::MulAdd(hn::Set(d, 1.9875691500e-4f), r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0f));
  const auto too_small = hn::Lt(x, hn::Set(d, -87.3f)), too_large = hn::Gt(x, hn::Set(d, 88.0f));
  const auto power = hn::ConvertTo(d32, hn::IfThenZeroElse(hn::Or(too_small, too_large), n));
  const auto scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(power, hn::Set(d32, 127))));
  const auto result = hn::IfThenZeroElse(too_small, hn::Mul(p, scale));
  return hn::IfThenElse(too_large, hn::Inf(d), result);
}

// 1 / (1 + exp(-x)).
HWY_INLINE Vector Sigmoid(Vector x) {
  const auto one = hn::Set(Lanes(), 1.0f);
  return hn::Div(one, hn::Add(one, Exp(hn::Neg(x))));
}

// x sigmoid(x).
HWY_INLINE Vector Silu(Vector x) {
  const auto one = hn::Set(Lanes(), 1.0f);
  return hn::Div(x, hn::Add(one, Exp(hn::Neg(x))));
}

// log(1 + exp(x)); x itself where the 1 is below float's last bit, as in torch.
HWY_INLINE Vector Softplus(Vector x) {
  const Lanes d;
  const auto twenty = hn::Set(d, 20.0f);
  return hn::IfThenElse(hn::Gt(x, twenty), x, hn::Log1p(d, Exp(x)));
}

}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per instruction set
