#include "evals/graders/maths/rational.h"

#include <cmath>

namespace quantrial::maths {
namespace {

constexpr size_t most_limbs = 300;  // 2,700 digits

BigInteger power_of_ten(size_t exponent) {
  return BigInteger::of_digits("1" + std::string(exponent, '0'));
}

}  // namespace

std::optional<Rational> Rational::of(BigInteger numerator, BigInteger denominator) {
  if (numerator.limbs() > most_limbs || denominator.limbs() > most_limbs) return std::nullopt;
  if (denominator.is_zero()) return std::nullopt;
  Rational r;
  r.numerator_ = denominator.is_negative() ? -numerator : std::move(numerator);
  r.denominator_ = denominator.is_negative() ? -denominator : std::move(denominator);
  return r;
}

Rational Rational::of_decimal(std::string_view digits, std::string_view repeating) {
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t decimals = point == digits.size() ? 0 : digits.size() - point - 1;
  std::string all(digits);
  if (point < all.size()) all.erase(point, 1);
  Rational r;
  r.numerator_ = BigInteger::of_digits(all);
  r.denominator_ = power_of_ten(decimals);
  if (!repeating.empty()) {  // (all - prefix) / (10^d (10^r - 1))
    r.numerator_ = BigInteger::of_digits(all + std::string(repeating)) + -r.numerator_;
    r.denominator_ = r.denominator_ * (power_of_ten(repeating.size()) + BigInteger(-1));
  }
  return r;
}

bool Rational::is_integer() const {
  if (denominator_ == BigInteger(1)) return true;
  return numerator_.is_small() && denominator_.is_small() &&
         numerator_.small() % denominator_.small() == 0;
}

long double Rational::value() const {
  int64_t above = 0, below = 0;
  const long double numerator = numerator_.fraction(above);
  const long double denominator = denominator_.fraction(below);
  return numerator / denominator * std::pow(1e9L, static_cast<long double>(above - below));
}

std::optional<Rational> Rational::sum(const Rational& a, const Rational& b) {
  if (a.denominator_ == b.denominator_) return of(a.numerator_ + b.numerator_, a.denominator_);
  return of(a.numerator_ * b.denominator_ + b.numerator_ * a.denominator_,
            a.denominator_ * b.denominator_);
}

std::optional<Rational> Rational::product(const Rational& a, const Rational& b) {
  return of(a.numerator_ * b.numerator_, a.denominator_ * b.denominator_);
}

std::optional<Rational> Rational::quotient(const Rational& a, const Rational& b) {
  return of(a.numerator_ * b.denominator_, a.denominator_ * b.numerator_);
}

std::optional<Rational> Rational::power(const Rational& a, const Rational& exponent) {
  if (!exponent.is_integer() || !exponent.numerator_.is_small()) return std::nullopt;
  const int64_t e = exponent.numerator_.small() / exponent.denominator_.small();
  if (e == 0 && a.numerator_.is_zero()) return std::nullopt;
  std::optional<Rational> result = Rational(1);
  std::optional<Rational> square = a;
  for (int64_t rest = std::abs(e); rest != 0; rest /= 2) {
    if (!square) return std::nullopt;
    if (rest % 2 == 1) result = product(*result, *square);
    if (!result) return std::nullopt;
    if (rest > 1) square = product(*square, *square);
  }
  return e < 0 ? quotient(Rational(1), *result) : result;
}

}  // namespace quantrial::maths
