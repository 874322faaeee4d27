#include <fmt/core.h>

#include "bench/operator_rows.h"
#include "bench/tiled_weights.h"
#include "tests/random_weights.h"

namespace quantrial::bench {
namespace {

constexpr int64_t K = 4096;

Task linear_task(Backend& backend, std::shared_ptr<DeviceWeight> weight, int64_t T) {
  const int64_t N = weight->rows();
  struct Rows {
    std::vector<float> x, y;
  };
  const auto rows = std::make_shared<Rows>();
  rows->x = Random(2).floats(T * weight->columns());
  rows->y.resize(static_cast<size_t>(T * N));
  const double values = static_cast<double>(rows->x.size() + rows->y.size());
  return {
      .work = {.bytes = static_cast<double>(weight->bytes()) + 4 * values,
               .flop = 2.0 * static_cast<double>(T * N * weight->columns()),
               .factors = Multiplies::bfloat16},
      .call = [&backend, weight, rows, T, N] {
        backend.linear({rows->x.data(), {T, weight->columns()}}, *weight, {rows->y.data(), {T, N}});
      }};
}

// Rows of at least 128 MB: four times what the caches of a large core complex hold.
int64_t streamed_rows(Stored stored) {
  if (stored == Stored::bf16) return 16384;
  return stored == Stored::fp8 || stored == Stored::fp8_w8a8 ? 32768 : 65536;
}

}  // namespace

void add_linears(OperatorTable& table, Backend& backend, Backend& textbook) {
  for (const Stored stored : {Stored::bf16, Stored::fp8, Stored::fp8_w8a8, Stored::int4_g128,
                              Stored::int4_g32, Stored::nvfp4, Stored::nvfp4_w4a4}) {
    const std::shared_ptr<DeviceWeight> small =
        textbook.upload(tiled_weight(stored, tile_rows, K / 4));
    const auto add_rows = [&](int64_t N, std::initializer_list<int64_t> counts) {
      const std::shared_ptr<DeviceWeight> large = backend.upload(tiled_weight(stored, N, K));
      for (const int64_t T : counts) {
        table.add(fmt::format("linear {}, {} x {}, {} {}", name(stored), N, K, T,
                              T == 1 ? "row" : "rows"),
                  [&](Backend& on, Size size) {
                    return size == Size::full ? linear_task(on, large, T)
                                              : linear_task(on, small, 1);
                  });
      }
    };
    add_rows(streamed_rows(stored), {1, 4, 16});
    add_rows(8192, {64, 512});
  }
}

}  // namespace quantrial::bench
