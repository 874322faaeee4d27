// Teacher-forced comparison of a model with its base: both run the same tokens, some rows at a
// time, and only the comparison of each pair of rows is kept.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "evals/fidelity/fidelity_statistics.h"
#include "evals/fidelity/forced_logits.h"

namespace quantrial {

// Tokens of a text and what each belongs to.
struct FidelityText {
  std::vector<int32_t> tokens;
  std::vector<TextSegment> segments;  // one a token
  std::string source;                 // "file:line", for messages
};

// What was compared over all texts.
int64_t predicted_tokens(std::span<const FidelityText> texts);
int64_t longest(std::span<const FidelityText> texts);

// Tokens of a trace before its reply; 0 for a text that is no trace.
int64_t prompt_length(const FidelityText& text);
// SHA-256 over the tokens of all texts.
std::string tokens_sha256(std::span<const FidelityText> texts);

struct ForcedModel {
  Model& model;
  std::string name;  // for messages
  DeltaRows rows = DeltaRows::in_chunks;
};

// Every token but the first of each text; `sampling`: with what both would be sampled.
// `predicted(n)` is called as n more are done and may throw to stop. Throws Error when the
// vocabularies differ or a model gives logits that are not finite.
std::vector<TokenFidelity> compare_models(const ForcedModel& base, const ForcedModel& model,
                                          std::span<const FidelityText> texts,
                                          const SamplingParameters& sampling, ThreadPool& pool,
                                          const std::function<void(int64_t)>& predicted);

}  // namespace quantrial
