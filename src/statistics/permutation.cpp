#include "statistics/permutation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace quantrial::statistics {
namespace {

// Equal sums that rounding tells apart.
constexpr double rounding = 1e-12;

std::vector<double> centred(std::span<const double> values) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  std::vector<double> result(values.begin(), values.end());
  for (double& value : result) value -= mean;
  return result;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

std::optional<double> pearson(std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size() && x.size() >= 2, "points of a correlation");
  const std::vector<double> a = centred(x), b = centred(y);
  const double scale = std::sqrt(product(a, a) * product(b, b));
  return scale > 0 ? std::optional(product(a, b) / scale) : std::nullopt;
}

Correlation permutation_correlation(std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size() && x.size() >= 3 && x.size() <= 9, "points of a permutation test");
  const std::vector<double> a = centred(x);
  std::vector<double> b = centred(y);
  const double scale = std::sqrt(product(a, a) * product(b, b));
  if (!(scale > 0)) return {};
  const double seen = product(a, b);
  std::vector<size_t> order(b.size());
  std::iota(order.begin(), order.end(), size_t{0});
  double all = 0, as_large = 0, as_small = 0;
  std::vector<double> permuted(b.size());
  do {
    for (size_t i = 0; i < order.size(); ++i) permuted[i] = b[order[i]];
    ++all;
    const double drawn = product(a, permuted);
    as_large += drawn >= seen - rounding * scale ? 1 : 0;
    as_small += drawn <= seen + rounding * scale ? 1 : 0;
  } while (std::next_permutation(order.begin(), order.end()));
  return {seen / scale, std::min(1.0, 2 * std::min(as_large, as_small) / all)};
}

}  // namespace quantrial::statistics
