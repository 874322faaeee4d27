// y = s u r, r = 1 / sqrt(sum u^2 + 1e-6), s = D^-1/2 for queries and 1 for keys.
// du = s r (dy - u r^2 (u . dy)).
#include <cmath>

#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/delta_normalize.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

float InverseLength(const float* u, int64_t D) {
  return 1 / std::sqrt(Sum<1>({u}, D, [](const Vector* v) { return hn::Mul(v[0], v[0]); }) + 1e-6f);
}

// One head: y[D] from u[D].
void NormalizeHead(const float* u, int64_t D, float scale, float* y) {
  const auto factor = hn::Set(Lanes(), scale * InverseLength(u, D));
  Elementwise<1, 1>({u}, {y}, D,
                    [&](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], factor); });
}

// One head's rows u, dy, du [D].
struct HeadGradient {
  const float *u, *dy;
  float* du;
};

void NormalizeHeadBackward(const HeadGradient& head, int64_t D, float scale) {
  const float r = InverseLength(head.u, D);
  const float along =
      Sum<2>({head.u, head.dy}, D, [](const Vector* v) { return hn::Mul(v[0], v[1]); });
  const auto factor = hn::Set(Lanes(), scale * r), back = hn::Set(Lanes(), along * r * r);
  Elementwise<2, 1>({head.u, head.dy}, {head.du}, D, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(factor, hn::NegMulAdd(in[0], back, in[1]));
  });
}

// Row t of all heads.
void NormalizeRow(View<const float, 2> conv, View<float, 3> q, View<float, 3> k, int64_t t) {
  const int64_t H = q.shape(1), D = q.shape(2);
  const float* row = conv.data() + t * conv.shape(1);
  const float q_scale = 1 / std::sqrt(static_cast<float>(D));
  for (int64_t h = 0; h < H; ++h) {
    NormalizeHead(row + h * D, D, q_scale, q.data() + (t * H + h) * D);
    NormalizeHead(row + (H + h) * D, D, 1, k.data() + (t * H + h) * D);
  }
}

void NormalizeRowBackward(View<const float, 2> conv, const NormalizedGradients& gradients,
                          View<float, 2> dconv, int64_t t) {
  const int64_t H = gradients.dq.shape(1), D = gradients.dq.shape(2);
  const float* row = conv.data() + t * conv.shape(1);
  float* to = dconv.data() + t * conv.shape(1);
  const float q_scale = 1 / std::sqrt(static_cast<float>(D));
  for (int64_t h = 0; h < H; ++h) {
    const float *dq = gradients.dq.data() + (t * H + h) * D,
                *dk = gradients.dk.data() + (t * H + h) * D;
    NormalizeHeadBackward({row + h * D, dq, to + h * D}, D, q_scale);
    NormalizeHeadBackward({row + (H + h) * D, dk, to + (H + h) * D}, D, 1);
  }
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(NormalizeRow);
HWY_EXPORT(NormalizeRowBackward);

void delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k,
                     Workers& workers) {
  workers.for_rows(conv.shape(0), 2 * q.shape(1) * q.shape(2), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(NormalizeRow)(conv, q, k, t);
  });
}

void delta_normalize_backward(View<const float, 2> conv, const NormalizedGradients& gradients,
                              View<float, 2> dconv, Workers& workers) {
  workers.for_rows(conv.shape(0), 2 * gradients.dq.shape(1) * gradients.dq.shape(2),
                   [&](int64_t t) {
                     HWY_DYNAMIC_DISPATCH(NormalizeRowBackward)(conv, gradients, dconv, t);
                   });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
