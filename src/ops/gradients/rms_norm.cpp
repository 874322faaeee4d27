// y = x r g with r = 1 / sqrt(mean(x^2) + eps), g = 1 + weight (Zhang & Sennrich 2019).
// dx = r g dy - x r^3 / K sum(x g dy).
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/rms_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

void NormRow(const Norm& norm, int64_t t, float* y) {
  const Lanes d;
  const int64_t K = norm.x.shape(1);
  const float* x = norm.x.data() + t * K;
  const auto r = hn::Set(d, InverseRms(x, K, norm.eps));
  const auto one = hn::Set(d, 1.0f);
  Elementwise<2, 1>({x, norm.weight.data()}, {y + t * K}, K, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(in[0], r), hn::Add(one, in[1]));
  });
}

void NormBackwardRow(const Norm& norm, int64_t t, const float* dy_rows, float* dx_rows, Into into) {
  const Lanes d;
  const int64_t K = norm.x.shape(1);
  const float* x = norm.x.data() + t * K;
  const float* g = norm.weight.data();
  const float* dy = dy_rows + t * K;
  float* dx = dx_rows + t * K;
  const auto one = hn::Set(d, 1.0f);
  const float r = InverseRms(x, K, norm.eps);
  const float along = Sum<3>({x, g, dy}, K, [&](const Vector* in) {
    return hn::Mul(hn::Mul(in[0], hn::Add(one, in[1])), in[2]);
  });
  const auto scale = hn::Set(d, r);
  const auto back = hn::Set(d, -along * r * r * r / static_cast<float>(K));
  const auto gradient = [&](const Vector* in) {
    return hn::MulAdd(in[0], back, hn::Mul(scale, hn::Mul(hn::Add(one, in[1]), in[2])));
  };
  if (into == Into::overwrite) {
    Elementwise<3, 1>({x, g, dy}, {dx}, K,
                      [&](const Vector* in, Vector* out) { out[0] = gradient(in); });
  } else {
    Elementwise<4, 1>({x, g, dy, dx}, {dx}, K, [&](const Vector* in, Vector* out) {
      out[0] = hn::Add(in[3], gradient(in));
    });
  }
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(NormRow);
HWY_EXPORT(NormBackwardRow);

void rms_norm(const Norm& norm, View<float, 2> y, Workers& workers) {
  workers.for_rows(y.shape(0), y.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(NormRow)(norm, t, y.data());
  });
}

void rms_norm_backward(const Norm& norm, View<const float, 2> dy, View<float, 2> dx, Into into,
                       Workers& workers) {
  workers.for_rows(dx.shape(0), dx.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(NormBackwardRow)(norm, t, dy.data(), dx.data(), into);
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
