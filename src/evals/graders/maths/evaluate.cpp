#include "evals/graders/maths/evaluate.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace quantrial::maths {
namespace {

template <typename Real>
class Evaluator {
 public:
  using Complex = std::complex<Real>;
  using Maybe = std::optional<Value<Real>>;

  explicit Evaluator(const Point& point) : point_(point) {}

  Maybe of(const Expression& e) {
    if (e.operation == Operation::number) return rounded(Complex(Real(e.number.value())), 0);
    if (e.operation == Operation::symbol) return symbol(e.name);
    if (e.operation == Operation::function) return function(e);
    std::vector<Value<Real>> values;
    for (const Expression& argument : e.arguments) {
      const Maybe value = of(argument);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    return combined(e, values);
  }

 private:
  static constexpr Real unit = std::numeric_limits<Real>::epsilon();
  static constexpr Real pi = std::numbers::pi_v<Real>;

  // Nothing for infinities, and for what is not real where all must be.
  Maybe rounded(Complex value, Real error) const {
    error += unit * std::abs(value);
    if (!std::isfinite(value.real()) || !std::isfinite(value.imag()) || !std::isfinite(error)) {
      return std::nullopt;
    }
    if (value.imag() == 0) value.imag(0);  // never -0: roots and logarithms see its sign
    if (point_.domain == Domain::real) {
      if (std::abs(value.imag()) > 4 * error) return std::nullopt;
      value.imag(0);
    }
    return Value<Real>{value, error};
  }

  Maybe symbol(const std::string& name) const {
    if (name == "pi") return rounded(pi, 0);
    if (name == "e") return rounded(std::numbers::e_v<Real>, 0);
    if (name == "i") return rounded(Complex(0, 1), 0);
    const auto at = point_.variables.find(name);
    if (at == point_.variables.end()) return std::nullopt;
    return Value<Real>{Complex(Real(at->second)), 0};
  }

  Maybe combined(const Expression& e, const std::vector<Value<Real>>& v) const {
    switch (e.operation) {
      case Operation::sum:
        return sum(v);
      case Operation::product:
        return product(v[0], v[1]);
      case Operation::quotient:
        return quotient(v[0], v[1]);
      case Operation::power:
        return power(v[0], v[1], exact_value(e.arguments[1]));
      case Operation::root: {
        const auto degree = exact_value(e.arguments[1]);
        const auto one = degree ? Rational::quotient(Rational(1), *degree) : std::nullopt;
        const Maybe exponent = quotient({Complex(1), 0}, v[1]);
        return exponent ? power(v[0], *exponent, one) : std::nullopt;
      }
      case Operation::negation:
        return rounded(-v[0].value, v[0].error);
      case Operation::percent:
        return quotient(v[0], {Complex(100), 0});
      case Operation::degrees:
        return angle_ ? product(v[0], {Complex(pi / 180), unit}) : Maybe(v[0]);
      case Operation::factorial:
        return mapped(v[0], gamma);
      case Operation::binomial:
        return binomial(v[0], v[1]);
      default:
        return std::nullopt;
    }
  }

  Maybe sum(const std::vector<Value<Real>>& v) const {
    Complex total = 0;
    Real error = 0;
    for (const Value<Real>& term : v) {
      total += term.value;
      error += term.error + unit * std::abs(total);
    }
    return rounded(total, error);
  }
  Maybe product(const Value<Real>& a, const Value<Real>& b) const {
    return rounded(a.value * b.value, std::abs(a.value) * b.error + std::abs(b.value) * a.error +
                                          2 * unit * std::abs(a.value * b.value));
  }
  Maybe quotient(const Value<Real>& a, const Value<Real>& b) const {
    if (std::abs(b.value) <= 4 * b.error) return std::nullopt;
    const Complex q = a.value / b.value;
    return rounded(q,
                   (a.error + std::abs(q) * b.error) / std::abs(b.value) + 2 * unit * std::abs(q));
  }

  static Complex raised(Complex base, Complex exponent) {
    const bool real = base.imag() == 0 && exponent.imag() == 0;
    const bool whole = exponent.real() == std::round(exponent.real());
    if (real && (base.real() >= 0 || whole)) return std::pow(base.real(), exponent.real());
    return std::pow(base, exponent);
  }

  // x^(p/q) of a negative number, q odd: the real root.
  static bool is_odd_root(const Value<Real>& base, const std::optional<Rational>& exponent) {
    return base.value.imag() == 0 && base.value.real() < 0 && exponent && !exponent->is_integer() &&
           exponent->denominator().is_small() && exponent->numerator().is_small() &&
           exponent->denominator().small() % 2 == 1;
  }

  Maybe power(const Value<Real>& base, const Value<Real>& exponent,
              const std::optional<Rational>& exact) const {
    if (point_.domain == Domain::real && is_odd_root(base, exact)) {
      const Maybe root = power({-base.value, base.error}, exponent, std::nullopt);
      if (!root || exact->numerator().small() % 2 == 0) return root;
      return Value<Real>{-root->value, root->error};
    }
    if (base.value == Complex(0) && exponent.value.real() <= 0) return std::nullopt;
    const Complex p = raised(base.value, exponent.value);
    Real error = 8 * unit * std::abs(p) * (1 + std::abs(exponent.value));
    if (base.value != Complex(0)) {
      error += std::abs(p) * (std::abs(exponent.value / base.value) * base.error +
                              std::abs(std::log(base.value)) * exponent.error);
    } else {
      error += std::pow(base.error, std::abs(exponent.value));
    }
    return rounded(p, error);
  }

  template <typename Function>
  Maybe mapped(const Value<Real>& x, Function f) const {
    const Complex y = f(x.value);
    const Real step = x.error + unit * std::abs(x.value);
    const Real slope = std::max(std::abs(f(x.value + step) - y), std::abs(f(x.value - step) - y));
    return rounded(
        y, std::isfinite(slope) ? slope + 4 * unit * std::abs(y) : std::abs(f(x.value + step) - y));
  }

  static Complex gamma(Complex x) {
    if (x.imag() != 0 || x.real() < 0) return std::numeric_limits<Real>::quiet_NaN();
    return std::tgamma(x.real() + 1);
  }
  Maybe binomial(const Value<Real>& n, const Value<Real>& k) const {
    const Maybe rest = sum({n, {-k.value, k.error}});
    if (!rest) return std::nullopt;
    const Maybe above = mapped(n, gamma), one = mapped(k, gamma), other = mapped(*rest, gamma);
    if (!above || !one || !other) return std::nullopt;
    const Maybe below = product(*one, *other);
    return below ? quotient(*above, *below) : std::nullopt;
  }

  using Mapping = Complex (*)(Complex);
  struct Named {
    std::string_view name;
    Mapping mapping;
  };
  static Complex inverted(Complex x) { return Real(1) / x; }

  // Functions of an angle; their inverses are in the list below.
  static Mapping of_angle(std::string_view name) {
    static constexpr Named list[] = {
        {"sin", [](Complex x) { return std::sin(x); }},
        {"cos", [](Complex x) { return std::cos(x); }},
        {"tan", [](Complex x) { return std::tan(x); }},
        {"cot", [](Complex x) { return inverted(std::tan(x)); }},
        {"sec", [](Complex x) { return inverted(std::cos(x)); }},
        {"csc", [](Complex x) { return inverted(std::sin(x)); }},
        {"cis", [](Complex x) { return std::exp(x * Complex(0, 1)); }},
    };
    for (const Named& named : list) {
      if (named.name == name) return named.mapping;
    }
    return nullptr;
  }

  static Mapping of_number(std::string_view name) {
    static constexpr Named list[] = {
        {"arcsin", [](Complex x) { return std::asin(x); }},
        {"arccos", [](Complex x) { return std::acos(x); }},
        {"arctan", [](Complex x) { return std::atan(x); }},
        {"arccot", [](Complex x) { return std::atan(inverted(x)); }},
        {"arcsec", [](Complex x) { return std::acos(inverted(x)); }},
        {"arccsc", [](Complex x) { return std::asin(inverted(x)); }},
        {"asin", [](Complex x) { return std::asin(x); }},
        {"acos", [](Complex x) { return std::acos(x); }},
        {"atan", [](Complex x) { return std::atan(x); }},
        {"sinh", [](Complex x) { return std::sinh(x); }},
        {"cosh", [](Complex x) { return std::cosh(x); }},
        {"tanh", [](Complex x) { return std::tanh(x); }},
        {"coth", [](Complex x) { return inverted(std::tanh(x)); }},
        {"sech", [](Complex x) { return inverted(std::cosh(x)); }},
        {"csch", [](Complex x) { return inverted(std::sinh(x)); }},
        {"arcsinh", [](Complex x) { return std::asinh(x); }},
        {"arsinh", [](Complex x) { return std::asinh(x); }},
        {"arccosh", [](Complex x) { return std::acosh(x); }},
        {"arcosh", [](Complex x) { return std::acosh(x); }},
        {"arctanh", [](Complex x) { return std::atanh(x); }},
        {"artanh", [](Complex x) { return std::atanh(x); }},
        {"ln", [](Complex x) { return std::log(x); }},
        {"log", [](Complex x) { return std::log(x) / std::numbers::ln10_v<Real>; }},
        {"lg", [](Complex x) { return std::log(x) / std::numbers::ln10_v<Real>; }},
        {"exp", [](Complex x) { return std::exp(x); }},
        {"abs", [](Complex x) { return Complex(std::abs(x)); }},
        {"floor", [](Complex x) { return Complex(std::floor(x.real())); }},
        {"ceil", [](Complex x) { return Complex(std::ceil(x.real())); }},
    };
    for (const Named& named : list) {
      if (named.name == name) return named.mapping;
    }
    return nullptr;
  }

  Maybe function(const Expression& e) {
    const Mapping angular = of_angle(e.name);
    const bool outer = std::exchange(angle_, angular != nullptr);
    std::vector<Value<Real>> values;
    for (const Expression& argument : e.arguments) {
      const Maybe value = of(argument);
      if (value) values.push_back(*value);
    }
    angle_ = outer;
    if (values.size() != e.arguments.size() || values.empty()) return std::nullopt;
    if (e.name == "max" || e.name == "min") return extreme(e.name, values);
    const Mapping mapping = angular ? angular : of_number(e.name);
    if (!mapping) return std::nullopt;
    if (values.size() == 1) return mapped(values[0], mapping);
    if (e.name != "log" || values.size() != 2) return std::nullopt;
    const Maybe above = mapped(values[0], mapping), below = mapped(values[1], mapping);
    return above && below ? quotient(*above, *below) : std::nullopt;
  }

  static Maybe extreme(std::string_view name, const std::vector<Value<Real>>& values) {
    Value<Real> best = values[0];
    for (const Value<Real>& value : values) {
      const bool larger = value.value.real() > best.value.real();
      if (larger == (name == "max")) best = value;
    }
    return best;
  }

  const Point& point_;
  bool angle_ = false;
};

}  // namespace

template <typename Real>
std::optional<Value<Real>> evaluate(const Expression& expression, const Point& point) {
  return Evaluator<Real>(point).of(expression);
}
template std::optional<Value<double>> evaluate(const Expression&, const Point&);
template std::optional<Value<long double>> evaluate(const Expression&, const Point&);

}  // namespace quantrial::maths
