// A head's norm, then its rotation (a, b) <- (a c - b s, b c + a s), whose gradient is the rotation
// by the negative angle.
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/head_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/rms_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

// Row t of a tensor [T, H, D'].
template <typename T>
T* RowOf(View<T, 3> x, int64_t t) {
  return x.data() + t * x.shape(1) * x.shape(2);
}

// By `direction` times the angles of row t.
void Rotate(const HeadNorm& norm, int64_t t, float direction, float* HWY_RESTRICT x) {
  const int64_t L = norm.cos.shape(0), R = norm.cos.shape(1);
  const float* HWY_RESTRICT c = norm.cos.data() + t % L * R;
  const float* HWY_RESTRICT s = norm.sin.data() + t % L * R;
  for (int64_t i = 0; i < R; ++i) {
    const float a = x[i], b = x[R + i];
    x[i] = a * c[i] - b * direction * s[i];
    x[R + i] = b * c[i] + a * direction * s[i];
  }
}

NormedRow Head(const HeadNorm& norm, const float* x) {
  return {.x = x, .weight = norm.weight.data(), .K = norm.weight.shape(0), .eps = norm.eps};
}

void Forward(const HeadNorm& norm, int64_t t, View<float, 3> y) {
  for (int64_t h = 0; h < y.shape(1); ++h) {
    float* const to = RowOf(y, t) + h * y.shape(2);
    NormRow(Head(norm, RowOf(norm.x, t) + h * norm.x.shape(2)), to);
    Rotate(norm, t, 1, to);
  }
}

void Backward(const HeadNorm& norm, int64_t t, View<float, 3> dy, View<float, 3> dx) {
  for (int64_t h = 0; h < dy.shape(1); ++h) {
    float* const from = RowOf(dy, t) + h * dy.shape(2);
    Rotate(norm, t, -1, from);
    NormBackwardRow(Head(norm, RowOf(norm.x, t) + h * norm.x.shape(2)), from,
                    RowOf(dx, t) + h * dx.shape(2), Into::overwrite);
  }
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);

void head_norm(const HeadNorm& norm, View<float, 3> y, Workers& workers) {
  workers.for_rows(y.shape(0), y.shape(1) * y.shape(2), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(Forward)(norm, t, y);
  });
}

void head_norm_backward(const HeadNorm& norm, View<float, 3> dy, View<float, 3> dx,
                        Workers& workers) {
  workers.for_rows(dy.shape(0), dy.shape(1) * dy.shape(2), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(Backward)(norm, t, dy, dx);
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
