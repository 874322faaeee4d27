// Products and sums of numbers that come from files or arguments: they throw where they would pass
// 2^63, since a size that wrapped around would be believed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/error.h"

namespace quantrial {

inline int64_t checked_multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    throw Error("{} times {} is beyond 2^63; use smaller sizes", a, b);
  }
  return product;
}

inline int64_t checked_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) {
    throw Error("{} plus {} is beyond 2^63; use smaller sizes", a, b);
  }
  return sum;
}

inline int64_t checked_product(std::span<const int64_t> factors, int64_t first = 1) {
  int64_t product = first;
  for (const int64_t factor : factors) product = checked_multiply(product, factor);
  return product;
}

inline int64_t checked_product(std::initializer_list<int64_t> factors) {
  return checked_product(std::span(factors.begin(), factors.size()));
}

inline int64_t checked_sum(std::initializer_list<int64_t> terms) {
  int64_t sum = 0;
  for (const int64_t term : terms) sum = checked_add(sum, term);
  return sum;
}

}  // namespace quantrial
