#include "statistics/mcnemar.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {

McNemar mcnemar(int64_t lost, int64_t gained, int64_t n) {
  require(lost >= 0 && gained >= 0 && lost + gained <= n && n > 0, "mcnemar: counts out of range");
  const int64_t pairs = lost + gained, fewer = std::min(lost, gained);
  long double tail = 0;
  for (int64_t i = 0; i <= fewer; ++i) tail += choose(pairs, i);
  const long double all = std::pow(2.0L, static_cast<long double>(pairs));
  McNemar result;
  result.p = static_cast<double>(std::min(1.0L, 2 * tail / all));
  if (lost != gained) result.mid_p = result.p - static_cast<double>(choose(pairs, fewer) / all);
  const double N = static_cast<double>(n);
  result.effect = static_cast<double>(gained - lost) / N;
  result.standard_error =
      std::sqrt((static_cast<double>(pairs) / N - result.effect * result.effect) / N);
  return result;
}

}  // namespace quantrial::statistics
