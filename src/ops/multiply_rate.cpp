#include "ops/multiply_rate.h"

#include <algorithm>
#include <chrono>

#include "ops/cpu/fma_peak.h"
#include "ops/cpu/matmul_bf16.h"

namespace quantrial {
namespace {

template <typename Rounds>
double best_rate(ThreadPool& pool, int64_t flop_per_round, Rounds&& run_rounds) {
  constexpr int64_t rounds = 2'000'000;  // some ten milliseconds
  constexpr int repetitions = 20;
  double best = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(pool.size(), [&](int64_t, int) { run_rounds(rounds); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best,
                    static_cast<double>(pool.size() * rounds * flop_per_round) / seconds.count());
  }
  return best;
}

}  // namespace

double measure_float_rate(ThreadPool& pool) {
  return best_rate(pool, fma_peak_flop(), [](int64_t rounds) { fma_peak_rounds(rounds); });
}

double measure_bfloat16_rate(ThreadPool& pool) {
  if (bfloat16_factors() == Factors::float32) return measure_float_rate(pool);
  return best_rate(pool, bf16::peak_flop(), [](int64_t rounds) { bf16::peak_rounds(rounds); });
}

}  // namespace quantrial
