#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "statistics/distributions.h"
#include "statistics/mean_score.h"

namespace quantrial::statistics {
namespace {

using Figure = std::function<double(std::span<const int64_t>)>;

std::vector<double> resampled(int64_t n, const Figure& figure, uint64_t seed, int64_t draws) {
  std::vector<double> values;
  std::vector<int64_t> questions(static_cast<size_t>(n));
  for (int64_t draw = 0; draw < draws; ++draw) {
    for (int64_t i = 0; i < n; ++i) {
      const double u = uniform(seed, static_cast<uint64_t>(draw * n + i));
      questions[static_cast<size_t>(i)] = static_cast<int64_t>(u * static_cast<double>(n));
    }
    values.push_back(figure(questions));
  }
  std::sort(values.begin(), values.end());
  return values;
}

// a = sum d^3 / (6 (sum d^2)^1.5) over d_i = mean - figure without question i; 0 when all agree.
double acceleration(int64_t n, const Figure& figure) {
  std::vector<double> left_out;
  std::vector<int64_t> questions;
  for (int64_t out = 0; out < n; ++out) {
    questions.clear();
    for (int64_t i = 0; i < n; ++i) {
      if (i != out) questions.push_back(i);
    }
    left_out.push_back(figure(questions));
  }
  const double middle = mean(left_out);
  double squares = 0, cubes = 0;
  for (const double v : left_out) {
    squares += (middle - v) * (middle - v);
    cubes += (middle - v) * (middle - v) * (middle - v);
  }
  return squares == 0 ? 0 : cubes / (6 * std::pow(squares, 1.5));
}

double at_share(const std::vector<double>& sorted, double share) {
  const double n = static_cast<double>(sorted.size());
  const double place = std::clamp(std::ceil(share * n) - 1, 0.0, n - 1);
  return sorted[static_cast<size_t>(place)];
}

}  // namespace

Interval bootstrap(int64_t n, const Figure& figure, uint64_t seed, int64_t draws) {
  require(n >= 1 && draws >= 1, "bootstrap: questions and draws");
  std::vector<int64_t> all(static_cast<size_t>(n));
  std::iota(all.begin(), all.end(), int64_t{0});
  const double value = figure(all);
  if (n == 1) return {value, value, value};
  const std::vector<double> sorted = resampled(n, figure, seed, draws);
  const auto below =
      static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
  const auto up_to =
      static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
  const double share = (below + up_to) / 2 / static_cast<double>(draws);
  if (share <= 0 || share >= 1)
    return {value, std::min(value, sorted.front()), std::max(value, sorted.back())};
  const double z0 = normal_quantile(share), a = acceleration(n, figure);
  const auto end = [&](double level) {
    const double z = z0 + normal_quantile(level);
    return at_share(sorted, normal_cdf(z0 + z / (1 - a * z)));
  };
  return {value, end((1 - confidence) / 2), end((1 + confidence) / 2)};
}

}  // namespace quantrial::statistics
