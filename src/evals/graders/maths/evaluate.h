// The value of an expression at a point, in a precision of choice, with a bound of its rounding
// error (running error analysis: Higham, Accuracy and Stability of Numerical Algorithms, 3.3).
#pragma once

#include <complex>
#include <map>
#include <optional>

#include "evals/graders/maths/expression.h"

namespace quantrial::maths {

enum class Domain {
  real,     // undefined where a part is not real; odd roots of negative numbers are real
  complex,  // principal values
};

struct Point {
  std::map<std::string, double> variables;
  Domain domain = Domain::real;
};

template <typename Real>
struct Value {
  std::complex<Real> value;
  Real error = 0;
};

// Nothing where the expression is not defined, or not known to us. Real: double, long double.
template <typename Real>
std::optional<Value<Real>> evaluate(const Expression& expression, const Point& point);

}  // namespace quantrial::maths
