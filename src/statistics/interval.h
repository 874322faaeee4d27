// A figure with its 95 % interval.
#pragma once

namespace quantrial::statistics {

inline constexpr double confidence = 0.95;

struct Interval {
  double value = 0, lo = 0, hi = 0;
};

}  // namespace quantrial::statistics
