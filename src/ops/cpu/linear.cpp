// Matrix products: y[T,N] = x[T,K] w[N,K]^T from the packed weight.
#include <algorithm>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/kernels.h"

namespace quantrial {

void CpuBackend::embed(std::span<const int32_t> tokens, const DeviceWeight& table,
                       View<float, 2> y) {
  for_each(static_cast<int64_t>(tokens.size()), y.shape(1), [&](int64_t t, int) {
    decode_row(stored(table), tokens[static_cast<size_t>(t)], y[t].span());
  });
}

void CpuBackend::linear(View<const float, 2> x, const DeviceWeight& w, View<float, 2> y) {
  const Weight& weight = stored(w);
  const int64_t T = x.shape(0), K = x.shape(1), N = w.rows();
  require(K == w.columns() && y.shape(0) == T && y.shape(1) == N, "linear: shapes do not fit");
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
