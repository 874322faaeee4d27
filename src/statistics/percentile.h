// Percentiles of latencies: nearest rank, with the interval that order statistics give.
#pragma once

#include <optional>
#include <vector>

#include "statistics/interval.h"

namespace quantrial::statistics {

// The value at rank ceil(share * n) of the sorted values. Interval: ranks between which the
// quantile lies with 95 % by the binomial distribution. Absent when there are too few values for an
// upper end: 0.95 confidence needs 1 - share^n >= 0.95 (59 values for p95, 299 for p99).
std::optional<Interval> percentile(std::vector<double> values, double share);

}  // namespace quantrial::statistics
