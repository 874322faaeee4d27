// random.Random of Python 3: the same numbers from the same seed (Lib/random.py and
// Modules/_randommodule.c of CPython 3.11).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <random>

namespace quantrial::python {

class Random {
 public:
  explicit Random(uint32_t seed) {
    InitByArray state{seed};
    engine_.seed(state);
  }

  // [0, 1), 53 bits.
  double random() {
    const auto high = static_cast<double>(engine_() >> 5),
               low = static_cast<double>(engine_() >> 6);
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

  // A standard normal number; they come in pairs.
  double gauss() {
    if (next_) {
      const double z = *next_;
      next_.reset();
      return z;
    }
    const double angle = random() * 2 * std::numbers::pi;
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random()));
    next_ = std::sin(angle) * radius;
    return std::cos(angle) * radius;
  }

  // The index that choice() takes of `size` > 0 items.
  uint32_t below(uint32_t size) {
    const int bits = std::bit_width(size);
    for (;;) {
      const auto drawn = static_cast<uint32_t>(engine_() >> (32 - bits));
      if (drawn < size) return drawn;
    }
  }

 private:
  // init_by_array of the Mersenne Twister's authors, with a key of one word.
  struct InitByArray {
    using result_type = uint32_t;
    uint32_t key;

    template <typename Iterator>
    void generate(Iterator begin, Iterator end) const {
      const auto size = static_cast<uint32_t>(end - begin);
      const auto at = [&](uint32_t i) -> uint32_t& { return begin[i]; };
      at(0) = 19650218;
      const auto mixed = [&](uint32_t i) { return at(i - 1) ^ (at(i - 1) >> 30); };
      for (uint32_t i = 1; i < size; ++i) at(i) = 1812433253U * mixed(i) + i;
      uint32_t i = 1;
      const auto advance = [&] {
        if (++i < size) return;
        at(0) = at(size - 1);
        i = 1;
      };
      for (uint32_t k = 0; k < size; ++k, advance()) at(i) = (at(i) ^ (mixed(i) * 1664525U)) + key;
      for (uint32_t k = 1; k < size; ++k, advance()) at(i) = (at(i) ^ (mixed(i) * 1566083941U)) - i;
      at(0) = 0x80000000U;
    }
  };

  std::mt19937 engine_;
  std::optional<double> next_;
};

}  // namespace quantrial::python
