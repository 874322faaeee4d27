#include "statistics/mcnemar.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {

McNemar mcnemar(int64_t lost, int64_t gained, int64_t n) {
  require(lost >= 0 && gained >= 0 && lost + gained <= n && n > 0, "mcnemar: counts out of range");
  const int64_t pairs = lost + gained, fewer = std::min(lost, gained);
  Quadruple tail = 0, all = 1;
  for (int64_t i = 0; i <= fewer; ++i) tail += choose(pairs, i);
  for (int64_t i = 0; i < pairs; ++i) all *= 2;
  McNemar result;
  result.p = std::min(1.0, static_cast<double>(2 * tail / all));
  if (lost != gained) result.mid_p = result.p - static_cast<double>(choose(pairs, fewer) / all);
  const double N = static_cast<double>(n);
  result.effect = static_cast<double>(gained - lost) / N;
  result.standard_error =
      std::sqrt((static_cast<double>(pairs) / N - result.effect * result.effect) / N);
  return result;
}

}  // namespace quantrial::statistics
