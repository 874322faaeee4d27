#include "statistics/proportion.h"

#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {
namespace {

void check(int64_t successes, int64_t trials) {
  require(trials > 0 && successes >= 0 && successes <= trials, "a proportion: out of range");
}

}  // namespace

Interval wilson(int64_t successes, int64_t trials, double level) {
  check(successes, trials);
  const double z = normal_quantile(0.5 + level / 2), n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n, shrink = 1 + z * z / n;
  const double middle = (p + z * z / (2 * n)) / shrink;
  const double half = z / shrink * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {p, successes == 0 ? 0 : middle - half, successes == trials ? 1 : middle + half};
}

Interval clopper_pearson(int64_t successes, int64_t trials, double level) {
  check(successes, trials);
  const auto s = static_cast<double>(successes), n = static_cast<double>(trials);
  const double tail = (1 - level) / 2;
  return {s / n, successes == 0 ? 0 : beta_quantile(s, n - s + 1, tail),
          successes == trials ? 1 : beta_quantile(s + 1, n - s, 1 - tail)};
}

}  // namespace quantrial::statistics
