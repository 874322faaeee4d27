#include "statistics/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace quantrial::statistics {
namespace {

constexpr double precision = 1e-16;

// The continued fraction of DLMF 8.17.22 by Lentz's method (Thompson & Barnett 1986); converges
// fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int most_terms = 10'000;
  const auto kept_off_zero = [](double v) { return std::fabs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / kept_off_zero(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < most_terms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept_off_zero(1 + even * d);
    c = kept_off_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept_off_zero(1 + odd * d);
    c = kept_off_zero(1 + odd / c);
    const double step = d * c;
    fraction *= step;
    if (std::fabs(step - 1) < precision) return fraction;
  }
  return fraction;
}

// The root of a rising function between low and high, to the last digits.
template <typename Function>
double root(Function f, double low, double high) {
  for (int i = 0; i < 200 && high - low > precision * std::fabs(low + high); ++i) {
    const double middle = low + (high - low) / 2;
    (f(middle) < 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  require(p > 0 && p < 1, "normal_quantile: a probability between 0 and 1");
  if (p > 0.5) return -normal_quantile(1 - p);
  return root([p](double z) { return normal_cdf(z) - p; }, -40, 0);
}

// Stirling's series (DLMF 5.11.1) from 16 on, where its eighth term is below 1e-19; smaller
// arguments by Gamma(x + 1) = x Gamma(x).
double log_gamma(double x) {
  constexpr double half_log_two_pi = 0.9189385332046727;
  double product = 1;
  for (; x < 16; x += 1) product *= x;
  const double r = 1 / (x * x);
  const double series =
      1.0 / 12 -
      r * (1.0 / 360 -
           r * (1.0 / 1260 -
                r * (1.0 / 1680 - r * (1.0 / 1188 - r * (691.0 / 360360 - r * (1.0 / 156))))));
  return (x - 0.5) * std::log(x) - x + half_log_two_pi + series / x - std::log(product);
}

double incomplete_beta(double a, double b, double x) {
  require(a > 0 && b > 0 && x >= 0 && x <= 1, "incomplete_beta: arguments out of range");
  if (x == 0 || x == 1) return x;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double beta_quantile(double a, double b, double p) {
  require(p >= 0 && p <= 1, "beta_quantile: a probability");
  return root([=](double x) { return incomplete_beta(a, b, x) - p; }, 0, 1);
}

double student_t_cdf(double t, double degrees) {
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  const double tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double p, double degrees) {
  require(p > 0 && p < 1 && degrees > 0, "student_t_quantile: arguments out of range");
  if (p > 0.5) return -student_t_quantile(1 - p, degrees);
  if (p == 0.5) return 0;
  double low = -1;
  while (student_t_cdf(low, degrees) > p) low *= 2;
  return root([=](double t) { return student_t_cdf(t, degrees) - p; }, low, 0);
}

Quadruple choose(int64_t n, int64_t k) {
  if (k < 0 || k > n) return 0;
  k = std::min(k, n - k);
  Quadruple product = 1;
  for (int64_t i = 1; i <= k; ++i) {
    product = product * static_cast<Quadruple>(n - k + i) / static_cast<Quadruple>(i);
  }
  return product;
}

}  // namespace quantrial::statistics
