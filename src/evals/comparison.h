// A run against the base's run of the same benchmark: paired by question.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "evals/results.h"
#include "statistics/paired.h"

namespace quantrial {

struct RunComparison {
  int64_t questions = 0;
  statistics::PairedDifference difference;
  nlohmann::ordered_json figures;  // delta, flips, token_ratio, ...; without p_holm
};

// Why samples of the two are no pairs, though their questions have the same ids; absent: they are.
std::optional<std::string> why_not_compared(const RunSamples& base, const RunSamples& run);

// Of runs that may be compared. Absent when the runs have no question in common.
std::optional<RunComparison> compare_runs(const RunSamples& base, const RunSamples& run,
                                          const ResultOptions& options);

}  // namespace quantrial
