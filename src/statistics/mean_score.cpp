#include "statistics/mean_score.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/proportion.h"

namespace quantrial::statistics {

double mean(std::span<const double> values) {
  require(!values.empty(), "mean: no values");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double middle = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - middle) * (v - middle);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Interval mean_interval(std::span<const double> values) {
  const double middle = mean(values);
  if (values.size() < 2) return {middle, middle, middle};
  const double n = static_cast<double>(values.size());
  const double half =
      student_t_quantile(0.5 + confidence / 2, n - 1) * standard_deviation(values) / std::sqrt(n);
  return {middle, middle - half, middle + half};
}

Interval mean_amount(std::span<const double> amounts) {
  Interval result = mean_interval(amounts);
  result.lo = std::max(result.lo, 0.0);
  return result;
}

Interval mean_score(std::span<const double> scores) {
  constexpr int64_t few = 5;
  Interval result = mean_interval(scores);
  const auto n = static_cast<int64_t>(scores.size());
  const int64_t not_right =
      std::count_if(scores.begin(), scores.end(), [](double s) { return s < 1; });
  const int64_t not_wrong =
      std::count_if(scores.begin(), scores.end(), [](double s) { return s > 0; });
  if (std::min(not_right, not_wrong) < few) {
    const auto rounded = static_cast<int64_t>(std::llround(result.value * static_cast<double>(n)));
    const Interval exact = wilson(rounded, n);
    result.lo = std::min(result.lo, exact.lo);
    result.hi = std::max(result.hi, exact.hi);
  }
  return {result.value, std::max(0.0, result.lo), std::min(1.0, result.hi)};
}

double rerun_error(std::span<const int64_t> right, int64_t K) {
  require(K >= 2 && !right.empty(), "rerun_error: two samples a question at least");
  double sum = 0;
  for (const int64_t c : right) {
    const double p = static_cast<double>(c) / static_cast<double>(K);
    sum += p * (1 - p) / static_cast<double>(K - 1);
  }
  return std::sqrt(sum) / static_cast<double>(right.size());
}

double clustered_error(std::span<const double> scores, std::span<const int64_t> cluster,
                       int64_t clusters) {
  require(scores.size() == cluster.size() && clusters >= 2,
          "clustered_error: two clusters at least");
  const double middle = mean(scores);
  std::vector<double> sums(static_cast<size_t>(clusters));
  for (size_t i = 0; i < scores.size(); ++i) {
    sums.at(static_cast<size_t>(cluster[i])) += scores[i] - middle;
  }
  double squares = 0;
  for (const double s : sums) squares += s * s;
  const double C = static_cast<double>(clusters);
  return std::sqrt(C / (C - 1) * squares) / static_cast<double>(scores.size());
}

}  // namespace quantrial::statistics
