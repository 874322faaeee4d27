#include "statistics/verdict.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {
namespace {

constexpr double power = 0.8;

double both_quantiles() { return normal_quantile(0.5 + confidence / 2) + normal_quantile(power); }

double variance_of_one(const Spread& s, int64_t K) {
  require(K >= 1, "power: one sample at least");
  return s.between + (s.within_a + s.within_b) / static_cast<double>(K);
}

}  // namespace

std::string_view name(Judgement judgement) {
  constexpr std::array<std::string_view, 4> names = {"lossless", "worse", "worse within margin",
                                                     "undecided"};
  return names.at(static_cast<size_t>(judgement));
}

Judgement judge(const Interval& delta, double margin) {
  require(margin > 0, "judge: a margin above 0");
  const bool within = delta.lo > -margin, below = delta.hi < 0;
  if (within && below) return Judgement::worse_within_margin;
  if (within) return Judgement::lossless;
  return below ? Judgement::worse : Judgement::undecided;
}

double minimum_detectable(const Spread& spread, int64_t n, int64_t K) {
  require(n >= 1, "power: one question at least");
  return both_quantiles() * std::sqrt(variance_of_one(spread, K) / static_cast<double>(n));
}

int64_t questions_needed(const Spread& spread, double difference, int64_t K) {
  require(difference > 0, "power: a difference above 0");
  const double z = both_quantiles();
  return static_cast<int64_t>(
      std::ceil(z * z * variance_of_one(spread, K) / (difference * difference)));
}

}  // namespace quantrial::statistics
