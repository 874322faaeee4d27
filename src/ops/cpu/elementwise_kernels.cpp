#include "ops/cpu/elementwise_kernels.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/elementwise_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

// Four sums side by side: one alone would wait for each addition.
float SumOfSquares(const float* x, int64_t n) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vector sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (int64_t j = 0; j < 4; ++j) {
      const auto v = hn::LoadU(d, x + i + j * lanes);
      sum[j] = hn::MulAdd(v, v, sum[j]);
    }
  }
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    sum[0] = hn::MulAdd(v, v, sum[0]);
  }
  const auto all = hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
  float total = hn::GetLane(hn::SumOfLanes(d, all));
  for (; i < n; ++i) total += x[i] * x[i];
  return total;
}

Vector InverseRms(const NormRow& row) {
  const float mean = SumOfSquares(row.x, row.n) / static_cast<float>(row.n);
  return hn::Set(Lanes(), 1 / std::sqrt(mean + row.eps));
}

void RmsNormRow(const NormRow& row, float* y) {
  const auto scale = InverseRms(row), one = hn::Set(Lanes(), 1.0f);
  Elementwise<2, 1>({row.x, row.weight}, {y}, row.n, [&](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(in[0], scale), hn::Add(one, in[1]));
  });
}

void GatedRmsNormRow(const NormRow& row, const float* z, GateKind gate, float* y) {
  const auto scale = InverseRms(row);
  const auto run = [&](auto open) {
    Elementwise<3, 1>({row.x, row.weight, z}, {y}, row.n, [&](const Vector* in, Vector* out) {
      out[0] = hn::Mul(hn::Mul(hn::Mul(in[0], scale), in[1]), open(in[2]));
    });
  };
  if (gate == GateKind::silu) {
    run([](Vector x) { return Silu(x); });
  } else {
    run([](Vector x) { return Sigmoid(x); });
  }
}

void NormalizeRow(const float* u, int64_t n, float scale, float* y) {
  const auto factor = hn::Set(Lanes(), scale / std::sqrt(SumOfSquares(u, n) + 1e-6f));
  Elementwise<1, 1>({u}, {y}, n,
                    [&](const Vector* in, Vector* out) { out[0] = hn::Mul(in[0], factor); });
}

void Add(const float* x, int64_t n, float* y) {
  Elementwise<2, 1>({x, y}, {y}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Add(in[1], in[0]); });
}

void SiluMultiply(const float* gate, const float* up, int64_t n, float* y) {
  Elementwise<2, 1>({gate, up}, {y}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Mul(Silu(in[0]), in[1]); });
}

void SigmoidMultiply(const float* gate, int64_t n, float* y) {
  Elementwise<2, 1>({gate, y}, {y}, n,
                    [](const Vector* in, Vector* out) { out[0] = hn::Mul(in[1], Sigmoid(in[0])); });
}

// taps[W, n].
void TransposeTaps(const ConvolutionBlock& b, float* taps) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; b.W == 4 && c + lanes <= b.n; c += lanes) {
    Vector tap[4];
    hn::LoadInterleaved4(d, b.weight + 4 * c, tap[0], tap[1], tap[2], tap[3]);
    for (int64_t j = 0; j < 4; ++j) hn::StoreU(tap[j], d, taps + j * b.n + c);
  }
  for (; c < b.n; ++c) {
    for (int64_t j = 0; j < b.W; ++j) taps[j * b.n + c] = b.weight[c * b.W + j];
  }
}

void ConvolveRow4(const ConvolutionBlock& b, const float* taps, int64_t i, float* y) {
  const float* tap[] = {taps, taps + b.n, taps + 2 * b.n, taps + 3 * b.n};
  Elementwise<8, 1>(
      {b.row(i), b.row(i + 1), b.row(i + 2), b.row(i + 3), tap[0], tap[1], tap[2], tap[3]}, {y},
      b.n, [](const Vector* x, Vector* out) {
        auto sum = hn::Mul(x[0], x[4]);
        for (int j = 1; j < 4; ++j) sum = hn::MulAdd(x[j], x[4 + j], sum);
        out[0] = Silu(sum);
      });
}

void ConvolveRow(const ConvolutionBlock& b, const float* taps, int64_t i, float* y) {
  Elementwise<2, 1>({b.row(i), taps}, {y}, b.n,
                    [](const Vector* x, Vector* out) { out[0] = hn::Mul(x[0], x[1]); });
  for (int64_t j = 1; j < b.W; ++j) {
    Elementwise<3, 1>({b.row(i + j), taps + j * b.n, y}, {y}, b.n,
                      [](const Vector* x, Vector* out) { out[0] = hn::MulAdd(x[0], x[1], x[2]); });
  }
  Elementwise<1, 1>({y}, {y}, b.n, [](const Vector* x, Vector* out) { out[0] = Silu(x[0]); });
}

void Convolve(const ConvolutionBlock& block, float* taps, float* y) {
  TransposeTaps(block, taps);
  for (int64_t i = 0; i < block.rows; ++i) {
    if (block.W == 4) {
      ConvolveRow4(block, taps, i, y + i * block.C);
    } else {
      ConvolveRow(block, taps, i, y + i * block.C);
    }
  }
}

void Gates(const DeltaGates& row, int64_t H) {
  Elementwise<4, 2>({row.a, row.b, row.A_log, row.dt_bias}, {row.g, row.beta}, H,
                    [](const Vector* in, Vector* out) {
                      out[0] = hn::Neg(hn::Mul(Exp(in[2]), Softplus(hn::Add(in[0], in[3]))));
                      out[1] = Sigmoid(in[1]);
                    });
}

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::kernels {

HWY_EXPORT(RmsNormRow);
HWY_EXPORT(GatedRmsNormRow);
HWY_EXPORT(NormalizeRow);
HWY_EXPORT(Add);
HWY_EXPORT(SiluMultiply);
HWY_EXPORT(SigmoidMultiply);
HWY_EXPORT(Convolve);
HWY_EXPORT(Gates);

void rms_norm_row(const NormRow& row, float* y) { HWY_DYNAMIC_DISPATCH(RmsNormRow)(row, y); }
void gated_rms_norm_row(const NormRow& row, const float* z, GateKind gate, float* y) {
  HWY_DYNAMIC_DISPATCH(GatedRmsNormRow)(row, z, gate, y);
}
void normalize_row(const float* u, int64_t n, float scale, float* y) {
  HWY_DYNAMIC_DISPATCH(NormalizeRow)(u, n, scale, y);
}
void add(const float* x, int64_t n, float* y) { HWY_DYNAMIC_DISPATCH(Add)(x, n, y); }
void silu_multiply(const float* gate, const float* up, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(SiluMultiply)(gate, up, n, y);
}
void sigmoid_multiply(const float* gate, int64_t n, float* y) {
  HWY_DYNAMIC_DISPATCH(SigmoidMultiply)(gate, n, y);
}
void convolve(const ConvolutionBlock& block, float* taps, float* y) {
  HWY_DYNAMIC_DISPATCH(Convolve)(block, taps, y);
}
void delta_gates(const DeltaGates& row, int64_t H) { HWY_DYNAMIC_DISPATCH(Gates)(row, H); }

}  // namespace quantrial::kernels
#endif  // HWY_ONCE
