// Of a residual:     y = x + y, whose gradient is dy for both.
// Of a mean square:  dy = 2 (y' - y) / count.
// Of an MLP:         y = silu(g) u, silu(g) = g s, s = 1 / (1 + exp(-g));
//                   du = silu(g) dy, dg = u s (1 + g (1 - s)) dy.
// Of full attention: y = x s(g); dx = s dy, dg = x s (1 - s) dy.
#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

void Add(const float* x, float* y, int64_t n) {
  Elementwise<2, 1>({x, y}, {y}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Add(in[0], in[1]); });
}

void AddThree(const std::array<const float*, 3>& x, float* y, int64_t n) {
  Elementwise<4, 1>({x[0], x[1], x[2], y}, {y}, n, [](const Vector* in, Vector* out) {
    out[0] = hn::Add(hn::Add(hn::Add(in[3], in[0]), in[1]), in[2]);
  });
}

void ScaledDifference(const float* x, float factor, float* y, int64_t n) {
  const auto scale = hn::Set(Lanes(), factor);
  Elementwise<2, 1>({x, y}, {y}, n, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Sub(in[1], in[0]), scale);
  });
}

void SiluMultiply(const float* gate, const float* up, float* y, int64_t n) {
  Elementwise<2, 1>({gate, up}, {y}, n, [](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(in[0], Sigmoid(in[0])), in[1]);
  });
}

void SiluMultiplyBackward(const float* dy, float* gate, float* up, int64_t n) {
  const auto one = hn::Set(Lanes(), 1.0f);
  Elementwise<3, 2>({dy, gate, up}, {gate, up}, n, [&](const Vector* in, Vector* out) {
    const auto s = Sigmoid(in[1]);
    const auto slope = hn::Mul(s, hn::MulAdd(in[1], hn::Sub(one, s), one));
    out[0] = hn::Mul(hn::Mul(in[2], slope), in[0]);
    out[1] = hn::Mul(hn::Mul(in[1], s), in[0]);
  });
}

void SigmoidGate(const float* x, const float* gate, float* y, int64_t n) {
  Elementwise<2, 1>({x, gate}, {y}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], Sigmoid(in[1])); });
}

void SigmoidGateBackward(const float* x, float* gate, float* dy, int64_t n) {
  const auto one = hn::Set(Lanes(), 1.0f);
  Elementwise<3, 2>({x, gate, dy}, {gate, dy}, n, [&](const Vector* in, Vector* out) {
    const auto s = Sigmoid(in[1]);
    out[0] = hn::Mul(hn::Mul(in[0], hn::Mul(s, hn::Sub(one, s))), in[2]);
    out[1] = hn::Mul(s, in[2]);
  });
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Add);
HWY_EXPORT(AddThree);
HWY_EXPORT(ScaledDifference);
HWY_EXPORT(SiluMultiply);
HWY_EXPORT(SiluMultiplyBackward);
HWY_EXPORT(SigmoidGate);
HWY_EXPORT(SigmoidGateBackward);

void add(View<const float, 2> x, View<float, 2> y, Workers& workers) {
  const int64_t K = y.shape(1);
  workers.for_rows(y.shape(0), K, [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(Add)(x.data() + t * K, y.data() + t * K, K);
  });
}

void add(const std::array<View<const float, 2>, 3>& x, View<float, 2> y, Workers& workers) {
  const int64_t K = y.shape(1);
  workers.for_rows(y.shape(0), K, [&](int64_t t) {
    const int64_t at = t * K;
    HWY_DYNAMIC_DISPATCH(AddThree)
    ({x[0].data() + at, x[1].data() + at, x[2].data() + at}, y.data() + at, K);
  });
}

void scaled_difference(View<const float, 2> x, float factor, View<float, 2> y, Workers& workers) {
  const int64_t K = y.shape(1);
  workers.for_rows(y.shape(0), K, [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(ScaledDifference)(x.data() + t * K, factor, y.data() + t * K, K);
  });
}

void silu_multiply(View<const float, 2> gate, View<const float, 2> up, View<float, 2> y,
                   Workers& workers) {
  const int64_t K = y.shape(1);
  workers.for_rows(y.shape(0), K, [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(SiluMultiply)
    (gate.data() + t * K, up.data() + t * K, y.data() + t * K, K);
  });
}

void silu_multiply_backward(View<const float, 2> dy, View<float, 2> gate, View<float, 2> up,
                            Workers& workers) {
  const int64_t K = dy.shape(1);
  workers.for_rows(dy.shape(0), K, [&](int64_t t) {
    HWY_DYNAMIC_DISPATCH(SiluMultiplyBackward)
    (dy.data() + t * K, gate.data() + t * K, up.data() + t * K, K);
  });
}

void sigmoid_gate(View<const float, 3> x, View<const float, 3> query_gate, View<float, 3> y,
                  Workers& workers) {
  const int64_t H = x.shape(1), D = x.shape(2);
  workers.for_rows(x.shape(0), H * D, [&](int64_t t) {
    for (int64_t i = t * H; i < (t + 1) * H; ++i) {
      HWY_DYNAMIC_DISPATCH(SigmoidGate)
      (x.data() + i * D, query_gate.data() + (2 * i + 1) * D, y.data() + i * D, D);
    }
  });
}

void sigmoid_gate_backward(View<const float, 3> x, View<float, 3> query_gate, View<float, 3> dy,
                           Workers& workers) {
  const int64_t H = x.shape(1), D = x.shape(2);
  workers.for_rows(x.shape(0), H * D, [&](int64_t t) {
    for (int64_t i = t * H; i < (t + 1) * H; ++i) {
      HWY_DYNAMIC_DISPATCH(SigmoidGateBackward)
      (x.data() + i * D, query_gate.data() + (2 * i + 1) * D, dy.data() + i * D, D);
    }
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
