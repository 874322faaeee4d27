// Rows of an RMS norm (rms_norm.cpp) by vectors; included once for every instruction set.
#if defined(QUANTRIAL_GRADIENTS_RMS_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_GRADIENTS_RMS_NORM_INL_H_
#undef QUANTRIAL_GRADIENTS_RMS_NORM_INL_H_
#else
#define QUANTRIAL_GRADIENTS_RMS_NORM_INL_H_
#endif

#include "ops/gradients/elementwise-inl.h"
#include "ops/matmul.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {

struct NormedRow {
  const float *x, *weight;  // [K]
  int64_t K;
  float eps;
};

HWY_INLINE void NormRow(const NormedRow& row, float* y) {
  const Lanes d;
  const auto r = hn::Set(d, InverseRms(row.x, row.K, row.eps));
  const auto one = hn::Set(d, 1.0f);
  Elementwise<2, 1>({row.x, row.weight}, {y}, row.K, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(in[0], r), hn::Add(one, in[1]));
  });
}

HWY_INLINE void NormBackwardRow(const NormedRow& row, const float* dy, float* dx, Into into) {
  const Lanes d;
  const float *x = row.x, *g = row.weight;
  const auto one = hn::Set(d, 1.0f);
  const float r = InverseRms(x, row.K, row.eps);
  const float along = Sum<3>({x, g, dy}, row.K, [&](const Vector* in) {
    return hn::Mul(hn::Mul(in[0], hn::Add(one, in[1])), in[2]);
  });
  const auto scale = hn::Set(d, r);
  const auto back = hn::Set(d, -along * r * r * r / static_cast<float>(row.K));
  const auto gradient = [&](const Vector* in) {
    return hn::MulAdd(in[0], back, hn::Mul(scale, hn::Mul(hn::Add(one, in[1]), in[2])));
  };
  if (into == Into::overwrite) {
    Elementwise<3, 1>({x, g, dy}, {dx}, row.K,
                      [&](const Vector* in, Vector* out) { out[0] = gradient(in); });
  } else {
    Elementwise<4, 1>({x, g, dy, dx}, {dx}, row.K, [&](const Vector* in, Vector* out) {
      out[0] = hn::Add(in[3], gradient(in));
    });
  }
}

}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
