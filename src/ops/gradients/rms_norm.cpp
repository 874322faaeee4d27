// y = x r g with r = 1 / sqrt(mean(x^2) + eps), g = 1 + weight (Zhang & Sennrich 2019).
// dx = r g dy - x r^3 / K sum(x g dy).
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/rms_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/rms_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

NormedRow RowOf(const Norm& norm, int64_t t) {
  const int64_t K = norm.x.shape(1);
  return {.x = norm.x.data() + t * K, .weight = norm.weight.data(), .K = K, .eps = norm.eps};
}

void Forward(const Norm& norm, int64_t t, float* y) {
  NormRow(RowOf(norm, t), y + t * norm.x.shape(1));
}

void Backward(const Norm& norm, int64_t t, const float* dy, float* dx, Into into) {
  const int64_t at = t * norm.x.shape(1);
  NormBackwardRow(RowOf(norm, t), dy + at, dx + at, into);
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);

void rms_norm(const Norm& norm, View<float, 2> y, Workers& workers) {
  workers.for_rows(y.shape(0), y.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(Forward)(norm, t, y.data());
  });
}

void rms_norm_backward(const Norm& norm, View<const float, 2> dy, View<float, 2> dx, Into into,
                       Workers& workers) {
  workers.for_rows(dx.shape(0), dx.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(Backward)(norm, t, dy.data(), dx.data(), into);
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
