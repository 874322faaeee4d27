// Norms, gates, sums and moves of rows: a few passes over T x K floats.
#include <algorithm>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/elementwise_kernels.h"

namespace quantrial {

void CpuBackend::rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                          View<float, 2> y) {
  const int64_t K = x.shape(1);
  for_rows(x.shape(0), 2 * K, [&](int64_t t) {
    kernels::rms_norm_row({.x = x[t].data(), .weight = weight.data(), .n = K, .eps = eps},
                          y[t].data());
  });
}

void CpuBackend::gated_rms_norm(View<const float, 2> x, View<const float, 1> weight, float eps,
                                View<const float, 2> z, GateKind gate, View<float, 2> y) {
  const int64_t D = x.shape(1);
  for_rows(x.shape(0), 4 * D, [&](int64_t t) {
    kernels::gated_rms_norm_row({.x = x[t].data(), .weight = weight.data(), .n = D, .eps = eps},
                                z[t].data(), gate, y[t].data());
  });
}

void CpuBackend::add(View<const float, 2> x, View<float, 2> y) {
  const int64_t K = x.shape(1);
  for_rows(x.shape(0), K, [&](int64_t t) { kernels::add(x[t].data(), K, y[t].data()); });
}

void CpuBackend::silu_multiply(View<const float, 2> gate, View<const float, 2> up,
                               View<float, 2> y) {
  const int64_t K = y.shape(1);
  for_rows(y.shape(0), 4 * K, [&](int64_t t) {
    kernels::silu_multiply(gate[t].data(), up[t].data(), K, y[t].data());
  });
}

void CpuBackend::sigmoid_gate(View<const float, 2> gate, View<float, 2> y) {
  const int64_t K = y.shape(1);
  for_rows(y.shape(0), 4 * K,
           [&](int64_t t) { kernels::sigmoid_multiply(gate[t].data(), K, y[t].data()); });
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
