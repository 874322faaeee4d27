// Integers of any length, as far as answers need them: read, compare, add, multiply.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial::maths {

class BigInteger {
 public:
  BigInteger() = default;
  BigInteger(int64_t value);
  static BigInteger of_digits(std::string_view digits);  // [0-9]*

  bool is_zero() const { return limbs_.empty(); }
  bool is_negative() const { return negative_; }
  size_t limbs() const { return limbs_.size(); }  // 9 decimal digits each
  // The value, when it is within +-10^9.
  bool is_small() const { return limbs_.size() <= 1; }
  int64_t small() const;

  BigInteger operator-() const;
  friend BigInteger operator+(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator*(const BigInteger& a, const BigInteger& b);
  friend bool operator==(const BigInteger& a, const BigInteger& b) = default;
  friend bool operator<(const BigInteger& a, const BigInteger& b);

  // value = fraction x 10^(9 exponent), fraction rounded from the first limbs.
  long double fraction(int64_t& exponent) const;

 private:
  void trim();
  static int compare_magnitudes(const BigInteger& a, const BigInteger& b);

  std::vector<uint32_t> limbs_;  // base 10^9, lowest first, no zero at the top
  bool negative_ = false;
};

}  // namespace quantrial::maths
