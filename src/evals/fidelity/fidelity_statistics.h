// How far a model's next-token distributions are from its base's, from pairs of rows of logits on
// the same tokens: pure functions (spec: evaluation.md 2.11). Errors are standard errors clustered
// by sequence (2.2), since the tokens of one text depend on each other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sampling_parameters.h"

namespace quantrial {

// What a token belongs to. Traces have the last four; any other text has the first.
enum class TextSegment : uint8_t { text, prompt, thinking, think_end, answer };
inline constexpr int text_segments = 5;
std::string_view name(TextSegment segment);

// Two rows of logits, p of the base and q of the model, with the token that follows.
struct LogitComparison {
  double kl = 0;                 // KL(p || q), nats
  double total_variation = 0;    // 1/2 sum |p - q|
  double sampled_variation = 0;  // the same of what the sampler draws from
  double base_nll = 0;           // -ln p of the token that follows
  double model_nll = 0;          // -ln q of it
  double base_confidence = 0;    // the largest p
  bool same_top = false;         // p and q are largest at the same token; ties to the lowest id
};
// base[V], model[V]; of `sampling` temperature, top-k, top-p and min-p count. Not finite where a
// logit is not.
LogitComparison compare_logits(std::span<const float> base, std::span<const float> model,
                               int32_t next, const SamplingParameters& sampling);

struct TokenFidelity {
  int64_t sequence = 0;
  int64_t position = 0;  // of the predicted token: the tokens before it
  TextSegment segment = TextSegment::text;
  LogitComparison logits;
};

struct Estimate {
  double value = 0;
  std::optional<double> error{};  // none with a single sequence
};

struct FidelitySummary {
  int64_t tokens = 0;
  int64_t sequences = 0;
  Estimate kl;
  double kl_median = 0, kl_p90 = 0, kl_p99 = 0, kl_p999 = 0, kl_max = 0;
  Estimate total_variation, sampled_variation;
  Estimate same_top;            // share of tokens
  Estimate probability_change;  // q - p of the token that follows
  double probability_change_rms = 0;
  Estimate base_perplexity, model_perplexity;
  Estimate log_perplexity_ratio;  // ln of the model's over the base's, paired by token
};
// Of at least one token. Quantiles interpolate linearly, as numpy.percentile does.
FidelitySummary summarize(std::span<const TokenFidelity> tokens);

struct FidelityBucket {
  std::string name;
  FidelitySummary summary;
};

// Buckets without a token are left out.
struct FidelityBreakdown {
  FidelitySummary all;
  std::vector<FidelityBucket> by_position;    // 0-1k, 1k-4k, 4k-16k, 16k-64k, 64k-
  std::vector<FidelityBucket> by_confidence;  // of the base: 0-.25-.5-.75-.95-1
  std::vector<FidelityBucket> by_segment;
};
FidelityBreakdown break_down(std::span<const TokenFidelity> tokens);

}  // namespace quantrial
