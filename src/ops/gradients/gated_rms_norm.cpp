// y = n w f(z) with n = x r, r = 1 / sqrt(mean(x^2) + eps), f = silu or sigmoid.
// dz = dy n w f'(z);  dn = dy w f(z);  dx = r dn - x r^3 / D sum(x dn).
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/gated_rms_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

struct Silu {
  static Vector Value(Vector z, Vector s) { return hn::Mul(z, s); }
  static Vector Slope(Vector z, Vector s) {
    const auto one = hn::Set(Lanes(), 1.0f);
    return hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one));
  }
};

struct Sigmoidal {
  static Vector Value(Vector, Vector s) { return s; }
  static Vector Slope(Vector, Vector s) { return hn::Mul(s, hn::Sub(hn::Set(Lanes(), 1.0f), s)); }
};

template <typename Gate>
void NormRow(const GatedNorm& norm, int64_t t, float* y) {
  const int64_t D = norm.x.shape(1);
  const float *x = norm.x.data() + t * D, *z = norm.z.data() + t * D;
  const auto r = hn::Set(Lanes(), InverseRms(x, D, norm.eps));
  Elementwise<3, 1>({x, norm.weight.data(), z}, {y + t * D}, D, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(hn::Mul(in[0], r), in[1]), Gate::Value(in[2], Sigmoid(in[2])));
  });
}

// dx holds dn between the two passes.
template <typename Gate>
void NormRowBackward(const GatedNorm& norm, int64_t t, const float* dy, float* dx, float* dz) {
  const Lanes d;
  const int64_t D = norm.x.shape(1);
  const float *x = norm.x.data() + t * D, *z = norm.z.data() + t * D;
  float* to = dx + t * D;
  const float r = InverseRms(x, D, norm.eps);
  const auto scale = hn::Set(d, r);
  Elementwise<4, 2>({x, norm.weight.data(), z, dy + t * D}, {to, dz + t * D}, D,
                    [&](const Vector* in, Vector* out) {
                      const auto s = Sigmoid(in[2]), wdy = hn::Mul(in[1], in[3]);
                      out[0] = hn::Mul(wdy, Gate::Value(in[2], s));
                      out[1] = hn::Mul(hn::Mul(wdy, hn::Mul(in[0], scale)), Gate::Slope(in[2], s));
                    });
  const float along = Sum<2>({x, to}, D, [](const Vector* v) { return hn::Mul(v[0], v[1]); });
  const auto back = hn::Set(d, -along * r * r * r / static_cast<float>(D));
  Elementwise<2, 1>({x, to}, {to}, D, [&](const Vector* in, Vector* out) {
    out[0] = hn::MulAdd(in[0], back, hn::Mul(scale, in[1]));
  });
}

void GatedNormRow(const GatedNorm& norm, int64_t t, float* y) {
  norm.gate == GateKind::silu ? NormRow<Silu>(norm, t, y) : NormRow<Sigmoidal>(norm, t, y);
}

void GatedNormRowBackward(const GatedNorm& norm, int64_t t, const float* dy, float* dx, float* dz) {
  norm.gate == GateKind::silu ? NormRowBackward<Silu>(norm, t, dy, dx, dz)
                              : NormRowBackward<Sigmoidal>(norm, t, dy, dx, dz);
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(GatedNormRow);
HWY_EXPORT(GatedNormRowBackward);

void gated_rms_norm(const GatedNorm& norm, View<float, 2> y, Workers& workers) {
  workers.for_rows(y.shape(0), y.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(GatedNormRow)(norm, t, y.data());
  });
}

void gated_rms_norm_backward(const GatedNorm& norm, View<const float, 2> dy, View<float, 2> dx,
                             View<float, 2> dz, Workers& workers) {
  workers.for_rows(dx.shape(0), dx.shape(1), [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(GatedNormRowBackward)(norm, t, dy.data(), dx.data(), dz.data());
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
