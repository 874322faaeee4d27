#include "statistics/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "statistics/mean_score.h"
#include "statistics/proportion.h"

namespace quantrial::statistics {
namespace {

constexpr int64_t few = 5;
// Sums that differ in their last digits alone count as equal.
constexpr double same = 1e-12;

// What a few differences can say: shares of questions that gain and lose, by Clopper-Pearson, times
// the largest difference seen.
Interval exact_interval(std::span<const double> differences) {
  const auto n = static_cast<int64_t>(differences.size());
  int64_t gains = 0, losses = 0;
  double largest = 0;
  for (const double d : differences) {
    gains += d > 0 ? 1 : 0;
    losses += d < 0 ? 1 : 0;
    largest = std::max(largest, std::fabs(d));
  }
  const Interval up = clopper_pearson(gains, n), down = clopper_pearson(losses, n);
  const double least = std::min(1.0, 3 / static_cast<double>(n)), middle = mean(differences);
  return {middle, std::min(largest * (up.lo - down.hi), middle - least),
          std::max(largest * (up.hi - down.lo), middle + least)};
}

double all_signs(std::span<const double> d, double observed) {
  const uint64_t all = uint64_t{1} << d.size();
  uint64_t as_large = 0;
  for (uint64_t signs = 0; signs < all; ++signs) {
    double sum = 0;
    for (size_t i = 0; i < d.size(); ++i) sum += (signs >> i & 1) != 0 ? d[i] : -d[i];
    as_large += std::fabs(sum) >= observed ? 1 : 0;
  }
  return static_cast<double>(as_large) / static_cast<double>(all);
}

double drawn_signs(std::span<const double> d, double observed, uint64_t seed) {
  constexpr uint64_t draws = 100'000;
  const uint64_t words = (d.size() + 127) / 128;
  uint64_t as_large = 0;
  for (uint64_t draw = 0; draw < draws; ++draw) {
    double sum = 0;
    for (uint64_t w = 0; w < words; ++w) {
      const auto random = philox(seed, draw * words + w);
      const size_t end = std::min(d.size(), static_cast<size_t>(w + 1) * 128);
      for (size_t i = static_cast<size_t>(w) * 128; i < end; ++i) {
        const size_t bit = i % 128;
        sum += (random[bit / 32] >> (bit % 32) & 1) != 0 ? d[i] : -d[i];
      }
    }
    as_large += std::fabs(sum) >= observed ? 1 : 0;
  }
  return static_cast<double>(as_large + 1) / static_cast<double>(draws + 1);
}

}  // namespace

double sign_flip_p(std::span<const double> differences, uint64_t seed) {
  constexpr size_t all_up_to = 16;
  std::vector<double> d;
  for (const double v : differences) {
    if (v != 0) d.push_back(v);
  }
  const double sum = std::accumulate(d.begin(), d.end(), 0.0);
  const double observed = std::fabs(sum) - same * static_cast<double>(d.size());
  return d.size() <= all_up_to ? all_signs(d, observed) : drawn_signs(d, observed, seed);
}

Interval paired_interval(std::span<const double> differences) {
  Interval delta = mean_interval(differences);
  const int64_t changed =
      std::count_if(differences.begin(), differences.end(), [](double d) { return d != 0; });
  if (changed < few) {
    const Interval exact = exact_interval(differences);
    delta.lo = std::min(delta.lo, exact.lo);
    delta.hi = std::max(delta.hi, exact.hi);
  }
  return {delta.value, std::max(delta.lo, -1.0), std::min(delta.hi, 1.0)};
}

PairedDifference paired_difference(std::span<const double> differences, uint64_t seed) {
  require(!differences.empty(), "paired_difference: no question");
  return {paired_interval(differences),
          standard_deviation(differences) / std::sqrt(static_cast<double>(differences.size())),
          sign_flip_p(differences, seed)};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[order[i]] * static_cast<double>(p.size() - i)));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace quantrial::statistics
