#include "evals/graders/maths/big_integer.h"

#include <algorithm>

namespace quantrial::maths {
namespace {

constexpr uint32_t base = 1'000'000'000;

// a + b of magnitudes.
std::vector<uint32_t> sum(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint32_t> s;
  uint32_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry; ++i) {
    const uint32_t digit = (i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0) + carry;
    s.push_back(digit % base);
    carry = digit / base;
  }
  return s;
}

// a - b of magnitudes, a >= b.
std::vector<uint32_t> difference(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint32_t> d;
  uint32_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint32_t taken = (i < b.size() ? b[i] : 0) + borrow;
    borrow = a[i] < taken ? 1 : 0;
    d.push_back(a[i] + borrow * base - taken);
  }
  return d;
}

}  // namespace

BigInteger::BigInteger(int64_t value) : negative_(value < 0) {
  auto magnitude = static_cast<uint64_t>(value);
  if (negative_) magnitude = 0 - magnitude;
  for (; magnitude != 0; magnitude /= base) {
    limbs_.push_back(static_cast<uint32_t>(magnitude % base));
  }
}

BigInteger BigInteger::of_digits(std::string_view digits) {
  BigInteger value;
  while (!digits.empty()) {
    const size_t count = std::min<size_t>(9, digits.size());
    uint32_t limb = 0;
    for (const char c : digits.substr(digits.size() - count)) {
      limb = limb * 10 + static_cast<uint32_t>(c - '0');
    }
    value.limbs_.push_back(limb);
    digits.remove_suffix(count);
  }
  value.trim();
  return value;
}

void BigInteger::trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  if (limbs_.empty()) negative_ = false;
}

int64_t BigInteger::small() const {
  const int64_t magnitude = limbs_.empty() ? 0 : limbs_[0];
  return negative_ ? -magnitude : magnitude;
}

BigInteger BigInteger::operator-() const {
  BigInteger value = *this;
  value.negative_ = !negative_ && !is_zero();
  return value;
}

int BigInteger::compare_magnitudes(const BigInteger& a, const BigInteger& b) {
  if (a.limbs_.size() != b.limbs_.size()) return a.limbs_.size() < b.limbs_.size() ? -1 : 1;
  for (size_t i = a.limbs_.size(); i-- > 0;) {
    if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i] ? -1 : 1;
  }
  return 0;
}

BigInteger operator+(const BigInteger& a, const BigInteger& b) {
  BigInteger result;
  if (a.negative_ == b.negative_) {
    result.limbs_ = sum(a.limbs_, b.limbs_);
    result.negative_ = a.negative_;
  } else {
    const bool a_larger = BigInteger::compare_magnitudes(a, b) >= 0;
    const BigInteger& larger = a_larger ? a : b;
    result.limbs_ = difference(larger.limbs_, (a_larger ? b : a).limbs_);
    result.negative_ = larger.negative_;
  }
  result.trim();
  return result;
}

BigInteger operator*(const BigInteger& a, const BigInteger& b) {
  BigInteger result;
  result.limbs_.assign(a.limbs_.size() + b.limbs_.size(), 0);
  for (size_t i = 0; i < a.limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.limbs_.size() || carry != 0; ++j) {
      const uint64_t product = j < b.limbs_.size() ? uint64_t{a.limbs_[i]} * b.limbs_[j] : 0;
      const uint64_t digit = result.limbs_[i + j] + product + carry;
      result.limbs_[i + j] = static_cast<uint32_t>(digit % base);
      carry = digit / base;
    }
  }
  result.negative_ = a.negative_ != b.negative_;
  result.trim();
  return result;
}

bool operator<(const BigInteger& a, const BigInteger& b) {
  if (a.negative_ != b.negative_) return a.negative_;
  const int order = BigInteger::compare_magnitudes(a, b);
  return a.negative_ ? order > 0 : order < 0;
}

long double BigInteger::fraction(int64_t& exponent) const {
  constexpr size_t enough = 5;  // 36 digits or more
  const size_t used = std::min(enough, limbs_.size());
  long double value = 0;
  for (size_t i = 0; i < used; ++i) {
    value = value * base + static_cast<long double>(limbs_[limbs_.size() - 1 - i]);
  }
  exponent = static_cast<int64_t>(limbs_.size() - used);
  return negative_ ? -value : value;
}

}  // namespace quantrial::maths
