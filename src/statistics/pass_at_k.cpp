#include "statistics/pass_at_k.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"

namespace quantrial::statistics {
namespace {

void check(int64_t K, int64_t c, int64_t k) {
  require(c >= 0 && c <= K && k >= 1 && k <= K, "pass@k: 0 <= c <= K and 1 <= k <= K");
}

}  // namespace

double pass_at_k(int64_t K, int64_t c, int64_t k) {
  check(K, c, k);
  return static_cast<double>(1 - choose(K - c, k) / choose(K, k));
}

double pass_hat_k(int64_t K, int64_t c, int64_t k) {
  check(K, c, k);
  return static_cast<double>(choose(c, k) / choose(K, k));
}

double g_pass_at_k(int64_t K, int64_t c, int64_t k, double tau) {
  check(K, c, k);
  require(tau > 0 && tau <= 1, "G-Pass@k: 0 < tau <= 1");
  constexpr double rounding = 1e-9;  // 0.7 * 10 is not above 7
  const auto least = static_cast<int64_t>(std::ceil(tau * static_cast<double>(k) - rounding));
  Quadruple ways = 0;
  for (int64_t j = std::max<int64_t>(least, 1); j <= std::min(c, k); ++j) {
    ways += choose(c, j) * choose(K - c, k - j);
  }
  return static_cast<double>(ways / choose(K, k));
}

}  // namespace quantrial::statistics
