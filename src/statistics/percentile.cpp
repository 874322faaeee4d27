#include "statistics/percentile.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {
namespace {

// P(at most k of n values lie below the quantile `share`).
double binomial_cdf(int64_t k, int64_t n, double share) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return incomplete_beta(static_cast<double>(n - k), static_cast<double>(k + 1), 1 - share);
}

}  // namespace

std::optional<Interval> percentile(std::vector<double> values, double share) {
  require(share > 0 && share < 1, "percentile: a share between 0 and 1");
  const auto n = static_cast<int64_t>(values.size());
  if (n == 0 || std::pow(share, static_cast<double>(n)) > 1 - confidence) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](int64_t rank) { return values[static_cast<size_t>(rank - 1)]; };
  const double tail = (1 - confidence) / 2;
  int64_t low = 1, high = n;  // ranks
  while (low + 1 <= n && binomial_cdf(low, n, share) <= tail) ++low;
  while (high - 1 >= 1 && 1 - binomial_cdf(high - 2, n, share) <= tail) --high;
  const auto rank =
      std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(n) - 1e-9)));
  return Interval{at(rank), at(std::min(low, rank)), at(std::max(high, rank))};
}

}  // namespace quantrial::statistics
