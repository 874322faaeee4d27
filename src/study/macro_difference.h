// Two variants of one study against each other, over all their benchmarks.
#pragma once

#include <optional>
#include <string>

#include "evals/results.h"
#include "statistics/interval.h"

namespace quantrial {

// Accuracy of b less that of a over the benchmarks of both (evals/results.h).
std::optional<statistics::Interval> macro_difference(const SampleStore& store,
                                                     const ResultOptions& options,
                                                     const std::string& a, const std::string& b);

}  // namespace quantrial
