// Norms, gates, sums and moves of rows: a few passes over T x K floats.
#include <algorithm>
#include <cmath>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/gates.h"
#include "ops/cpu/kernels.h"

namespace quantrial {
namespace {

float inverse_rms(const float* x, int64_t n, float eps) {
  return 1 / std::sqrt(kernels::dot(x, x, n) / static_cast<float>(n) + eps);
}

}  // namespace

void CpuBackend::rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                          View<float, 2> y) {
  const int64_t K = x.shape(1);
  for_each(x.shape(0), 2 * K, [&](int64_t t, int) {
    const float* in = x.data() + t * K;
    float* out = y.data() + t * K;
    const float scale = inverse_rms(in, K, eps);
    for (int64_t k = 0; k < K; ++k) out[k] = in[k] * scale * (1 + weight.data()[k]);
  });
}

void CpuBackend::gated_rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                                View<const float, 2> z, GateKind gate, View<float, 2> y) {
  const int64_t D = x.shape(1);
  for_each(x.shape(0), 16 * D, [&](int64_t t, int) {
    const float* in = x.data() + t * D;
    const float* gates = z.data() + t * D;
    float* out = y.data() + t * D;
    const float scale = inverse_rms(in, D, eps);
    for (int64_t k = 0; k < D; ++k) {
      const float open = gate == GateKind::silu ? silu(gates[k]) : sigmoid(gates[k]);
      out[k] = in[k] * scale * weight.data()[k] * open;
    }
  });
}

void CpuBackend::add(View<const float, 2> x, View<float, 2> y) {
  const int64_t K = x.shape(1);
  for_each(x.shape(0), K, [&](int64_t t, int) {
    for (int64_t i = t * K; i < (t + 1) * K; ++i) y.data()[i] += x.data()[i];
  });
}

void CpuBackend::silu_multiply(View<const float, 2> gate, View<const float, 2> up,
                               View<float, 2> y) {
  const int64_t K = y.shape(1);
  for_each(y.shape(0), 16 * K, [&](int64_t t, int) {
    for (int64_t i = t * K; i < (t + 1) * K; ++i) {
      y.data()[i] = silu(gate.data()[i]) * up.data()[i];
    }
  });
}

void CpuBackend::sigmoid_gate(View<const float, 2> gate, View<float, 2> y) {
  const int64_t K = y.shape(1);
  for_each(y.shape(0), 16 * K, [&](int64_t t, int) {
    for (int64_t i = t * K; i < (t + 1) * K; ++i) y.data()[i] *= sigmoid(gate.data()[i]);
  });
}

void CpuBackend::concatenate(View<const float, 2> x1, View<const float, 2> x2, View<float, 2> y) {
  const int64_t K1 = x1.shape(1), K2 = x2.shape(1);
  for (int64_t t = 0; t < y.shape(0); ++t) {
    std::copy_n(x1.data() + t * K1, K1, y.data() + t * (K1 + K2));
    std::copy_n(x2.data() + t * K2, K2, y.data() + t * (K1 + K2) + K1);
  }
}

void CpuBackend::gather_rows(View<const float, 2> x, std::span<const int64_t> rows,
                             View<float, 2> y) {
  const int64_t K = x.shape(1);
  for (size_t r = 0; r < rows.size(); ++r) {
    std::copy_n(x.data() + rows[r] * K, K, y.data() + static_cast<int64_t>(r) * K);
  }
}

}  // namespace quantrial
