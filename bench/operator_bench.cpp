// Operators against what the machine can do: us | GB/s or GFLOP/s | % of the measured limit.
// The limits (read bandwidth, multiply-add rate of registers alone) are measured in the same run.
#include <algorithm>
#include <cstdio>

#include "base/memory_bandwidth.h"
#include "bench/timing.h"
#include "ops/backend.h"
#include "ops/cpu/kernels.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

void run() {
  ThreadPool pool;
  const double bandwidth = measure_read_bandwidth(pool), flop_rate = fma_peak(pool);
  fmt::print("{} threads, {}: read {:.1f} GB/s, registers alone {:.0f} GFLOP/s (measured now)\n",
             pool.size(), kernels::instruction_set(), bandwidth / 1e9, flop_rate / 1e9);
  const auto backend = make_cpu_backend({});
  constexpr int64_t N = 8192, K = 4096;
  Random random(1);
  struct Case {
    const char* name;
    Weight weight;
  };
  std::vector<Case> cases;
  cases.push_back({"bf16", random_bf16(random, N, K)});
  cases.push_back({"fp8-block 128", random_fp8(random, N, K, 128)});
  cases.push_back({"int4 g128", random_int4(random, N, K, 128, Zeros::symmetric)});
  cases.push_back({"int4 g32 asymmetric", random_int4(random, N, K, 32, Zeros::asymmetric)});
  cases.push_back({"nvfp4", random_nvfp4(random, N, K)});
  fmt::print("{:<22} {:>6} {:>10} {:>8} {:>10} {:>8}\n", "linear 8192 x 4096", "rows", "us", "GB/s",
             "GFLOP/s", "of limit");
  for (Case& c : cases) {
    const auto weight = backend->upload(std::move(c.weight));
    for (const int64_t T : {1, 4, 64}) {
      const std::vector<float> x = random.floats(T * K);
      std::vector<float> y(static_cast<size_t>(T * N));
      const double seconds = shortest_seconds(pool, 5, [&] {
        backend->linear({x.data(), {T, K}}, *weight, {y.data(), {T, N}});
      });
      const double bytes_per_s = static_cast<double>(weight->bytes()) / seconds;
      const double flop_per_s = static_cast<double>(2 * T * N * K) / seconds;
      fmt::print("{:<22} {:>6} {:>10.0f} {:>8.1f} {:>10.0f} {:>7.0f}%\n", c.name, T, seconds * 1e6,
                 bytes_per_s / 1e9, flop_per_s / 1e9,
                 100 * std::max(bytes_per_s / bandwidth, flop_per_s / flop_rate));
    }
  }
}

}  // namespace
}  // namespace quantrial

int main() { quantrial::run(); }
