// A run against the base's run of the same benchmark: paired by question.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "evals/results.h"
#include "statistics/paired.h"

namespace quantrial {

struct Comparison {
  int64_t questions = 0;
  statistics::PairedDifference difference;
  nlohmann::ordered_json figures;  // delta, flips, token_ratio, ...; without p_holm
};

// Absent when the runs have no question in common.
std::optional<Comparison> compare_runs(const RunSamples& base, const RunSamples& run,
                                       const ResultOptions& options);

}  // namespace quantrial
