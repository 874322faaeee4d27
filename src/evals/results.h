// results.json (product.md 4): every figure of the stored samples, with intervals. Figures that
// need no random numbers follow from samples.sqlite to the last digit
// (tools/recompute_results.py does it independently); bootstrap figures from
// statistics/bootstrap.h and the seed.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "evals/run_samples.h"
#include "statistics/interval.h"

namespace quantrial {

inline constexpr int results_version = 1;

struct ResultOptions {
  std::string base = "bf16";  // deltas are against this variant, where it is there
  double macro_margin = 0.01, benchmark_margin = 0.02;
  uint64_t seed = 42;  // of permutations and bootstraps
  // Which stored runs the figures are of; without: all.
  std::function<bool(const RunRecord&)> is_wanted{};
};

// {"version", "base", "margins", "seed", "variants": {v: {"benchmarks": {b: ...}, "macro": ...}}}
nlohmann::ordered_json evaluation_results(const SampleStore& store, const ResultOptions& options);

// Accuracy of variant b less that of variant a over the benchmarks of both, as the macro delta of
// a variant against the base. Absent when they share none.
std::optional<statistics::Interval> macro_difference(const SampleStore& store,
                                                     const ResultOptions& options,
                                                     const std::string& a, const std::string& b);

// One run by itself; the parts of evaluation_results.
nlohmann::ordered_json benchmark_figures(const RunSamples& run, const ResultOptions& options);

}  // namespace quantrial
