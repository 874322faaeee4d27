// Replies as users get them, from the prompt of a trace to the end of text: where drafts are right
// on text that the model would write. (The prompts of observe_speed() are filled up to a length
// with other traces, which some models are not used to.)
#pragma once

#include <functional>
#include <span>

#include "engine/memory_plan.h"
#include "evals/fidelity/fidelity.h"
#include "evals/speed/draft_log.h"

namespace quantrial {

struct ReplyLoad {
  int64_t concurrency = 16;
  int64_t draft_tokens = 1;
  SamplingParameters sampling{};  // reply i has the seed sampling.seed + i
  ThinkingTags tags{};
};

// The prompts of traces; of texts that are no traces none.
std::vector<std::vector<int32_t>> reply_prompts(std::span<const FidelityText> texts);

// On an engine of its own, as large as its context allows. The observation's cell has
// prompt_tokens 0, no phases, and times without waiting for a place.
SpeedObservation observe_replies(Model& model, const EngineOptions& engine, const ReplyLoad& load,
                                 std::span<const std::vector<int32_t>> prompts,
                                 const std::function<void()>& between_steps);

}  // namespace quantrial
