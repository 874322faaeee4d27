#include "bench/operator_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/seconds_since.h"
#include "ops/memory_bandwidth.h"
#include "ops/multiply_rate.h"

namespace quantrial::bench {
namespace {

// Seconds of one operation: the shortest of at least three calls after one that is dropped: other
// programs can only slow a call down.
double shortest_seconds(const Task& task) {
  constexpr int least = 3, most = 40;
  constexpr double enough_seconds = 0.25;
  task.call();
  double shortest = 1e9, total = 0;
  for (int i = 0; i < least || (i < most && total < enough_seconds); ++i) {
    const auto start = std::chrono::steady_clock::now();
    task.call();
    const double seconds = seconds_since(start);
    shortest = std::min(shortest, seconds);
    total += seconds;
  }
  return shortest / static_cast<double>(task.operations);
}

}  // namespace

Limits Limits::measure(ThreadPool& pool) {
  return {.bytes_per_s = measure_read_bandwidth(pool),
          .bfloat16_flop_per_s = measure_bfloat16_rate(pool),
          .float_flop_per_s = measure_float_rate(pool)};
}

double Work::bound(const Limits& limits) const {
  const double flop_per_s =
      factors == Multiplies::bfloat16 ? limits.bfloat16_flop_per_s : limits.float_flop_per_s;
  return std::max(bytes / limits.bytes_per_s, flop / flop_per_s);
}

OperatorTable::OperatorTable(const Limits& limits, Backend& backend, Backend& textbook)
    : limits_(limits), backend_(backend), textbook_(textbook) {
  fmt::print("{:<50} {:>10} {:>8} {:>9} {:>9} {:>12}\n", "operation", "us", "GB/s", "GFLOP/s",
             "of limit", "x reference");
}

void OperatorTable::add(const std::string& name, const MakeTask& make) {
  const Task small = make(textbook_, Size::small);
  const double rate = small.work.amount() / shortest_seconds(small);
  print(name, make(backend_, Size::full), rate);
}

void OperatorTable::add(const std::string& name, const Task& task) { print(name, task, 0); }

void OperatorTable::print(const std::string& name, const Task& task, double textbook_rate) {
  const double seconds = shortest_seconds(task);
  const double of_limit = task.work.bound(limits_) / seconds;
  const std::string factor =
      textbook_rate > 0 ? fmt::format("{:.0f}", task.work.amount() / seconds / textbook_rate) : "-";
  fmt::print("{:<50} {:>10.1f} {:>8.1f} {:>9.0f} {:>8.0f}% {:>12}\n", name, seconds * 1e6,
             task.work.bytes / seconds * 1e-9, task.work.flop / seconds * 1e-9, 100 * of_limit,
             factor);
  std::fflush(stdout);
  results_[name] = {{"us", seconds * 1e6}, {"of_limit", of_limit}};
}

}  // namespace quantrial::bench
