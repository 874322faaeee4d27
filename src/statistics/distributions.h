// Distribution functions that intervals and tests need.
#pragma once

#include <cstdint>

namespace quantrial::statistics {

// P(Z <= z) of the standard normal, and its inverse for 0 < p < 1.
double normal_cdf(double z);
double normal_quantile(double p);

// I_x(a, b), the regularized incomplete beta function; a, b > 0, 0 <= x <= 1.
double incomplete_beta(double a, double b, double x);
// The x with I_x(a, b) = p.
double beta_quantile(double a, double b, double p);

// Student's t with `degrees` > 0 degrees of freedom.
double student_t_cdf(double t, double degrees);
double student_t_quantile(double p, double degrees);

// log Gamma(x), x > 0. Not std::lgamma, which every language has its own of.
double log_gamma(double x);

// Counts of choices and their ratios with 113 bits: rounded to double they are the exact fraction,
// rounded once, as any program finds it that has fractions.
using Quadruple = __float128;
// C(n, k); 0 for k outside [0, n].
Quadruple choose(int64_t n, int64_t k);

}  // namespace quantrial::statistics
