// How often drafts would be right, from logits along given texts, without generating: the
// distribution of every token and that of its draft, both as the sampler draws from them.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "evals/fidelity/fidelity.h"

namespace quantrial {

// Sums over the tokens of one text; of traces, those after the prompt.
struct TextAcceptance {
  int64_t tokens = 0;
  double one_minus_tv = 0;  // 1 - total variation: what rejection sampling accepts
  double same_noise = 0;    // same_noise_agreement(): what this engine accepts
};

// Of the first draft after each token. A model with an MTP head; penalties of `sampling` do not
// count. `predicted(n)` is called as n more tokens are done and may throw to stop.
std::vector<TextAcceptance> offline_acceptance(const ForcedModel& model,
                                               std::span<const FidelityText> texts,
                                               const SamplingParameters& sampling, ThreadPool& pool,
                                               const std::function<void(int64_t)>& predicted);

// {"one_minus_tv": F, "same_noise": F, "tokens"}: means over tokens, t intervals of errors
// clustered by text. Null without tokens.
nlohmann::ordered_json offline_figures(std::span<const TextAcceptance> texts);

nlohmann::ordered_json to_json(std::span<const TextAcceptance> texts);
// Throws Error when a key is missing or of another type.
std::vector<TextAcceptance> text_acceptances(const nlohmann::ordered_json& json);

}  // namespace quantrial
