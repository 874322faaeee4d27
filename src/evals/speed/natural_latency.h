// "speed.natural" of results.json (docs/study.md): what the evaluation's own samples took, as a
// user would see it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/sample_store.h"

namespace quantrial {

// The times of one scored sample; absent: not known.
struct SampleTimes {
  std::string question;  // with its benchmark
  bool right = false;
  std::optional<double> ttft_ms{}, ttfa_ms{}, e2e_ms{};
  std::optional<int64_t> generated_tokens{};
};

// Percentiles of the samples that have the time in question (TTFA: of those that began an answer).
// Seconds and tokens per correct answer: those of all samples over the number that is right, null
// where a sample lacks them or none is right; a bootstrap over questions. The seconds are the
// machine's: `concurrency` samples at once share them.
nlohmann::ordered_json natural_latency(const std::vector<SampleTimes>& samples, int64_t concurrency,
                                       uint64_t seed);

// Of all runs of a variant; null without samples.
nlohmann::ordered_json natural_latency(const SampleStore& store, std::string_view variant,
                                       int64_t concurrency, uint64_t seed);

}  // namespace quantrial
