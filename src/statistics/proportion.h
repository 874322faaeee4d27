// Intervals for `successes` of `trials`, one proportion.
#pragma once

#include <cstdint>

#include "statistics/interval.h"

namespace quantrial::statistics {

// Wilson 1927. trials > 0.
Interval wilson(int64_t successes, int64_t trials, double level = confidence);
// Clopper & Pearson 1934: never covers less than it says.
Interval clopper_pearson(int64_t successes, int64_t trials, double level = confidence);

}  // namespace quantrial::statistics
