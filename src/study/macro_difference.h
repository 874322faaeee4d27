// Two variants of one study against each other, over all their benchmarks.
#pragma once

#include <optional>
#include <string>

#include "evals/results.h"
#include "statistics/interval.h"

namespace quantrial {

// Accuracy of b less that of a, paired by question, the benchmarks with the same weight; normal
// interval. Absent when they share no benchmark with two questions.
std::optional<statistics::Interval> macro_difference(const SampleStore& store,
                                                     const ResultOptions& options,
                                                     const std::string& a, const std::string& b);

}  // namespace quantrial
