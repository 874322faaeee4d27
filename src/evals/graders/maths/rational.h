// Exact fractions, not reduced. What would grow beyond some thousands of digits does not exist:
// then the caller must do without exactness.
#pragma once

#include <optional>

#include "evals/graders/maths/big_integer.h"

namespace quantrial::maths {

class Rational {
 public:
  Rational(BigInteger value = 0) : numerator_(std::move(value)), denominator_(1) {}
  // Digits with at most one point, then digits that repeat for ever: ("0.1", "6") is 1/6.
  static Rational of_decimal(std::string_view digits, std::string_view repeating = {});

  bool is_integer() const;  // as far as small numbers go
  const BigInteger& numerator() const { return numerator_; }
  const BigInteger& denominator() const { return denominator_; }

  friend bool operator==(const Rational& a, const Rational& b) {
    return a.numerator_ * b.denominator_ == b.numerator_ * a.denominator_;
  }
  long double value() const;  // rounded

  static std::optional<Rational> sum(const Rational& a, const Rational& b);
  static std::optional<Rational> product(const Rational& a, const Rational& b);
  static std::optional<Rational> quotient(const Rational& a, const Rational& b);  // also b = 0
  static std::optional<Rational> power(const Rational& a, const Rational& exponent);

 private:
  static std::optional<Rational> of(BigInteger numerator, BigInteger denominator);

  BigInteger numerator_, denominator_;  // denominator_ > 0
};

}  // namespace quantrial::maths
