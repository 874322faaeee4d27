// Matrix products: y[T,N] = x[T,K] w[N,K]^T from the packed weight.
#include <algorithm>

#include "ops/cpu/bf16_linear.h"
#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/kernels.h"
#include "ops/cpu/large_weights.h"

namespace quantrial {

std::unique_ptr<DeviceWeight> CpuBackend::upload(Weight weight) {
  if (options_.weights == WeightMemory::large_pages) weight = in_large_pages(std::move(weight));
  return HostBackend::upload(std::move(weight));
}

void CpuBackend::embed(std::span<const int32_t> tokens, const DeviceWeight& table,
                       View<float, 2> y) {
  for_each(static_cast<int64_t>(tokens.size()), y.shape(1), [&](int64_t t, int) {
    decode_row(stored(table), tokens[static_cast<size_t>(t)], y[t].span());
  });
}

void CpuBackend::linear(View<const float, 2> x, const DeviceWeight& w, View<float, 2> y) {
  const Weight& weight = stored(w);
  require(x.shape(1) == w.columns() && y.shape(0) == x.shape(0) && y.shape(1) == w.rows(),
          "linear: shapes do not fit");
  if (options_.precision == Precision::native && bf16::takes(weight, prescribed(weight))) {
    linear_bf16(x, weight, y);
  } else {
    linear_float(x, weight, y);
  }
}

void CpuBackend::linear_bf16(View<const float, 2> x, const Weight& weight, View<float, 2> y) {
  const int64_t T = x.shape(0), K = x.shape(1), N = y.shape(1);
  const Activations& inputs = prescribed(weight);
  const bf16::InputPlan plan = bf16::input_plan(weight, inputs, T);
  inputs_.plan(plan);
  const int64_t scales = plan.scale_group > 0 ? (K + plan.scale_group - 1) / plan.scale_group : 0;
  const int64_t tile_rows = bf16::tile_rows(weight, T, workers_.size());
  workers_.reserve(std::max(K + scales, bf16::tile_scratch_floats(weight, T, tile_rows)));
  for_each(T, 2 * K, [&](int64_t t, int thread) {
    if (plan.scale_group == 0) {
      inputs_.set(t, x[t].data(), nullptr);
      return;
    }
    const std::span<float> codes(workers_.scratch(thread), static_cast<size_t>(K));
    float* group_scales = codes.data() + K;
    for (int64_t k = 0; k < K; ++k) codes[static_cast<size_t>(k)] = round_to_bfloat16(x[t][k]);
    quantize(codes, inputs, Arithmetic::bfloat16, {group_scales, static_cast<size_t>(scales)});
    inputs_.set(t, codes.data(), group_scales);
  });
  const int64_t tiles = (N + tile_rows - 1) / tile_rows;
  for_each(tiles, T * K * tile_rows / 4, [&](int64_t tile, int thread) {
    const int64_t first = tile * tile_rows;
    bf16::linear_tile(weight, {.x = inputs_.rows(),
                               .T = T,
                               .first = first,
                               .count = std::min(tile_rows, N - first),
                               .scratch = workers_.scratch(thread),
                               .y = y.data()});
  });
}

void CpuBackend::linear_float(View<const float, 2> x, const Weight& weight, View<float, 2> y) {
  const int64_t T = x.shape(0), K = x.shape(1), N = y.shape(1);
  const int64_t stride = kernels::padded(K);
  input_.resize(std::max(input_.size(), static_cast<size_t>(T * stride)));
  for_each(T, 4 * K, [&](int64_t t, int) {
    float* row = input_.data() + t * stride;
    std::copy_n(x[t].data(), K, row);
    std::fill(row + K, row + stride, 0.0f);
    prepare_input({row, static_cast<size_t>(K)}, activations(weight));
  });
  const int64_t tile_rows = kernels::tile_shape(T).rows;
  const int64_t tiles = (N + tile_rows - 1) / tile_rows;
  workers_.reserve(kernels::linear_tile_scratch(T, weight));
  for_each(tiles, T * K * tile_rows, [&](int64_t tile, int thread) {
    const int64_t first = tile * tile_rows;
    kernels::linear_tile(weight, {.x = input_.data(),
                                  .T = T,
                                  .stride = stride,
                                  .first = first,
                                  .count = std::min(tile_rows, N - first),
                                  .scratch = workers_.scratch(thread),
                                  .y = y.data()});
  });
}

std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options) {
  return std::make_unique<CpuBackend>(options);
}

}  // namespace quantrial
