// Pearson's correlation, and an exact permutation test of it for a handful of points.
#pragma once

#include <optional>
#include <span>

namespace quantrial::statistics {

// r of x[n], y[n], n >= 2. Absent where x or y is constant.
std::optional<double> pearson(std::span<const double> x, std::span<const double> y);

struct Correlation {
  double r = 0;  // Pearson's
  double p = 1;  // two-sided, as scipy.stats.permutation_test: twice the smaller share of all
                 // orders of y whose r is at least as large, or as small
};
// x[n], y[n] with 3 <= n <= 9 (9! orders); r is 0 and p 1 where x or y is constant.
Correlation permutation_correlation(std::span<const double> x, std::span<const double> y);

}  // namespace quantrial::statistics
