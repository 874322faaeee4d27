#include "evals/speed/rate_figures.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evals/figures.h"
#include "statistics/bootstrap.h"
#include "statistics/distributions.h"
#include "statistics/mean_score.h"
#include "statistics/percentile.h"
#include "statistics/proportion.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

ordered_json without_bounds(double value) {
  return {{"value", value}, {"lo", nullptr}, {"hi", nullptr}};
}

// The smallest interval that holds both, around the value of `a`.
Interval hull(const Interval& a, const Interval& b) {
  return {a.value, std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

// sum of one number of each request over sum of another.
template <typename Top, typename Bottom, typename Request>
Interval ratio_of_sums(std::span<const Request> requests, Top top, Bottom bottom, uint64_t seed) {
  return statistics::bootstrap(
      static_cast<int64_t>(requests.size()),
      [&](std::span<const int64_t> drawn) {
        int64_t above = 0, below = 0;
        for (const int64_t i : drawn) {
          above += top(requests[static_cast<size_t>(i)]);
          below += bottom(requests[static_cast<size_t>(i)]);
        }
        return below == 0 ? 0.0 : static_cast<double>(above) / static_cast<double>(below);
      },
      seed);
}

int64_t accepted(const AcceptedRounds& r) {
  int64_t sum = 0;
  for (const int64_t n : r.at_least) sum += n;
  return sum;
}

// Mean of 1 + accepted drafts over all rounds, as if they were independent.
Interval mean_over_draft_rounds(std::span<const AcceptedRounds> requests) {
  double n = 0, sum = 0, squares = 0;
  for (const AcceptedRounds& r : requests) {
    n += static_cast<double>(r.rounds);
    for (size_t j = 0; j < r.at_least.size(); ++j) {  // x^2 = sum of 2j + 1 over j < x
      sum += static_cast<double>(r.at_least[j]);
      squares += static_cast<double>(2 * j + 1) * static_cast<double>(r.at_least[j]);
    }
  }
  const double mean = sum / n;
  if (n < 2) return {1 + mean, 1 + mean, 1 + mean};
  const double variance = std::max(0.0, squares - n * mean * mean) / (n - 1);
  const double half = statistics::student_t_quantile(0.5 + statistics::confidence / 2, n - 1) *
                      std::sqrt(variance / n);
  return {1 + mean, 1 + std::max(mean - half, 0.0), 1 + mean + half};
}

}  // namespace

ordered_json percentile_figures(const std::vector<double>& values) {
  return {{"p50", figure(statistics::percentile(values, 0.50))},
          {"p90", figure(statistics::percentile(values, 0.90))},
          {"p95", figure(statistics::percentile(values, 0.95))},
          {"p99", figure(statistics::percentile(values, 0.99))}};
}

ordered_json mean_over_rounds(std::span<const double> values) {
  if (values.empty()) return nullptr;
  if (values.size() == 1) return without_bounds(values[0]);
  return figure(statistics::mean_amount(values));
}

ordered_json mean_ratio(std::span<const double> ratios) {
  if (ratios.empty()) return nullptr;
  if (ratios.size() == 1) return without_bounds(ratios[0]);
  std::vector<double> logs;
  for (const double ratio : ratios) logs.push_back(std::log(ratio));
  const Interval mean = statistics::mean_interval(logs);
  return figure(Interval{std::exp(mean.value), std::exp(mean.lo), std::exp(mean.hi)});
}

std::optional<Interval> right_share(std::span<const RightCount> requests, uint64_t seed) {
  RightCount all;
  for (const RightCount& r : requests) {
    all.right += r.right;
    all.of += r.of;
  }
  if (all.of == 0) return std::nullopt;
  const Interval drawn = ratio_of_sums(
      requests, [](const RightCount& r) { return r.right; },
      [](const RightCount& r) { return r.of; }, seed);
  return hull(drawn, statistics::wilson(all.right, all.of));
}

std::optional<Interval> mean_round_length(std::span<const AcceptedRounds> requests, uint64_t seed) {
  int64_t rounds = 0;
  for (const AcceptedRounds& r : requests) rounds += r.rounds;
  if (rounds == 0) return std::nullopt;
  const Interval drawn = ratio_of_sums(
      requests, [](const AcceptedRounds& r) { return r.rounds + accepted(r); },
      [](const AcceptedRounds& r) { return r.rounds; }, seed);
  return hull(drawn, mean_over_draft_rounds(requests));
}

}  // namespace quantrial
