// Means over benchmarks, each with the same weight, of what results.json has of every benchmark.
#pragma once

#include <nlohmann/json.hpp>

namespace quantrial {

// Adds to variant.macro: `tokens` (mean generated tokens), `token_ratio` (geometric mean of the
// ratios to the base) and `pass_at`, `pass_hat`, by k where every benchmark has them;
// `maj_at` and `maj_tied` over the benchmarks with votes.
// Intervals: normal, from the benchmarks' own, which are independent (for ratios: of logarithms).
void add_macro_figures(nlohmann::ordered_json& variant);

}  // namespace quantrial
