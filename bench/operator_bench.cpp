// Operators against what the machine can do: us | GB/s or GFLOP/s | % of the measured limit.
// The limits (read bandwidth, float multiply-add rate) are measured in the same run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "base/thread_pool.h"
#include "ops/backend.h"
#include "ops/cpu/kernels.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

// Median seconds of one call over `repetitions`, the first dropped.
double median_seconds(int repetitions, const std::function<void()>& call) {
  std::vector<double> times;
  for (int i = 0; i <= repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin() + 1, times.end());
  return times[1 + static_cast<size_t>(repetitions) / 2];
}

// Bytes a second that all threads together read from a buffer far larger than the caches.
double measure_bandwidth(ThreadPool& pool) {
  const std::vector<float> buffer(size_t{1} << 27, 1.0f);  // 512 MiB
  constexpr int64_t piece = 1 << 16;
  const auto pieces = static_cast<int64_t>(buffer.size()) / piece;
  std::vector<float> sums(static_cast<size_t>(pieces));
  const double seconds = median_seconds(5, [&] {
    pool.parallel_for(pieces, [&](int64_t i, int) {
      const float* from = buffer.data() + i * piece;
      float sum = 0;  // a dot product with itself reads each float once
      for (int64_t j = 0; j < piece; j += 4096) sum += kernels::dot(from + j, from + j, 4096);
      sums[static_cast<size_t>(i)] = sum;
    });
  });
  return static_cast<double>(buffer.size() * sizeof(float)) / seconds;
}

// Multiply-adds a second of all threads together on numbers that stay in the first-level cache.
double measure_multiply_adds(ThreadPool& pool) {
  const std::vector<float> a(64 * 64, 0.5f), b(64 * 128, 0.5f);
  std::vector<std::vector<float>> c(static_cast<size_t>(pool.size()), std::vector<float>(64 * 128));
  constexpr int64_t rounds = 2000;
  const double seconds = median_seconds(5, [&] {
    pool.parallel_for(pool.size(), [&](int64_t i, int) {
      for (int64_t r = 0; r < rounds; ++r) {
        kernels::multiply_add({.a = a.data(),
                               .a_row = 64,
                               .a_column = 1,
                               .b = b.data(),
                               .b_row = 128,
                               .c = c[static_cast<size_t>(i)].data(),
                               .c_row = 128,
                               .M = 64,
                               .N = 128,
                               .K = 64});
      }
    });
  });
  return static_cast<double>(pool.size() * rounds * 64 * 128 * 64) / seconds;
}

void run() {
  double bandwidth = 0, multiply_adds = 0;
  {
    ThreadPool pool;
    bandwidth = measure_bandwidth(pool);
    multiply_adds = measure_multiply_adds(pool);
    fmt::print(
        "{} threads, {}: read {:.1f} GB/s, multiply-add {:.0f} GFLOP/s (both measured now)\n",
        pool.size(), kernels::instruction_set(), bandwidth / 1e9, 2 * multiply_adds / 1e9);
  }
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
      const double seconds = median_seconds(5, [&] {
        backend->linear({x.data(), {T, K}}, *weight, {y.data(), {T, N}});
      });
      const double bytes_per_s = static_cast<double>(weight->bytes()) / seconds;
      const double adds_per_s = static_cast<double>(T * N * K) / seconds;
      fmt::print("{:<22} {:>6} {:>10.0f} {:>8.1f} {:>10.0f} {:>7.0f}%\n", c.name, T, seconds * 1e6,
                 bytes_per_s / 1e9, 2 * adds_per_s / 1e9,
                 100 * std::max(bytes_per_s / bandwidth, adds_per_s / multiply_adds));
    }
  }
}

}  // namespace
}  // namespace quantrial

int main() { quantrial::run(); }
