#include <cstdlib>
#include <numeric>
#include <string_view>

#include "evals/graders/maths/expression.h"

namespace quantrial::maths {
namespace {

constexpr int64_t largest_factorial = 500;

using Exact = std::optional<Rational>;

std::optional<int64_t> small_integer(const Exact& value) {
  if (!value || !value->is_integer() || !value->numerator().is_small() ||
      !value->denominator().is_small()) {
    return std::nullopt;
  }
  return value->numerator().small() / value->denominator().small();
}

Exact falling_product(int64_t from, int64_t count) {
  Exact product = Rational(1);
  for (int64_t i = 0; i < count && product; ++i) {
    product = Rational::product(*product, Rational(from - i));
  }
  return product;
}

Exact factorial(const Exact& argument) {
  const auto n = small_integer(argument);
  if (!n || *n < 0 || *n > largest_factorial) return std::nullopt;
  return falling_product(*n, *n);
}

Exact binomial(const Exact& above, const Exact& below) {
  const auto n = small_integer(above), k = small_integer(below);
  if (!n || !k || *k < 0 || *n < *k || *k > largest_factorial) return std::nullopt;
  const Exact numerator = falling_product(*n, *k), denominator = falling_product(*k, *k);
  if (!numerator || !denominator) return std::nullopt;
  return Rational::quotient(*numerator, *denominator);
}

Exact common(std::string_view name, const std::vector<Exact>& values) {
  if (name != "gcd" && name != "lcm") return std::nullopt;
  int64_t result = name == "gcd" ? 0 : 1;
  for (const Exact& value : values) {
    const auto n = small_integer(value);
    if (!n || std::abs(*n) > 1'000'000'000) return std::nullopt;
    result = name == "gcd" ? std::gcd(result, *n) : std::lcm(result, *n);
    if (result > 1'000'000'000) return std::nullopt;
  }
  return values.empty() ? std::nullopt : Exact(Rational(result));
}

Exact folded(const std::vector<Exact>& values, Exact (*two)(const Rational& a, const Rational& b)) {
  Exact result = values[0];
  for (size_t i = 1; i < values.size() && result; ++i) result = two(*result, *values[i]);
  return result;
}

}  // namespace

std::optional<Rational> exact_value(const Expression& e) {
  if (e.operation == Operation::number) return e.number;
  std::vector<Exact> values;
  for (const Expression& argument : e.arguments) {
    values.push_back(exact_value(argument));
    if (!values.back()) return std::nullopt;
  }
  switch (e.operation) {
    case Operation::sum:
      return folded(values, Rational::sum);
    case Operation::product:
      return folded(values, Rational::product);
    case Operation::quotient:
      return Rational::quotient(*values[0], *values[1]);
    case Operation::power:
      return Rational::power(*values[0], *values[1]);
    case Operation::negation:
      return Rational::product(*values[0], Rational(-1));
    case Operation::percent:
      return Rational::quotient(*values[0], Rational(100));
    case Operation::degrees:
      return values[0];
    case Operation::factorial:
      return factorial(values[0]);
    case Operation::binomial:
      return binomial(values[0], values[1]);
    case Operation::function:
      return common(e.name, values);
    default:
      return std::nullopt;
  }
}

}  // namespace quantrial::maths
