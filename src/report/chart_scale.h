// From a number to its place along an axis, and where the ticks are.
#pragma once

#include <vector>

#include "report/chart.h"

namespace quantrial::report {

struct Range {
  double from = 0, to = 1;
};

class AxisScale {
 public:
  // `range` lies above 0 for logarithms. Pixels may run backwards (upwards).
  AxisScale(Scale scale, Range range, double first_pixel, double last_pixel);

  double pixel(double value) const;
  const Range& range() const { return range_; }
  Scale scale() const { return scale_; }

 private:
  Scale scale_;
  Range range_;
  double first_pixel_, last_pixel_;
};

// About `wanted` round numbers in the range: 1, 2 or 5 times a power of ten; of log2 powers of two;
// of log10 powers of ten, with 2 and 5 between where they are few.
std::vector<double> ticks(Scale scale, const Range& range, int wanted);
// The range, widened to round numbers (linear) or a little (logarithms).
Range rounded(Scale scale, const Range& range, int wanted);
// Decimals that tell the ticks apart.
int decimals_of(const std::vector<double>& ticks);

}  // namespace quantrial::report
