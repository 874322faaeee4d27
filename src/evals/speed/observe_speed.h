// The measuring loop: requests that all arrive at once, each with an output of fixed length. Every
// request goes on generating until the slowest has its output, so that the load never falls while
// something is timed.
#pragma once

#include <functional>
#include <span>

#include "engine/memory_plan.h"
#include "evals/fidelity/fidelity.h"
#include "evals/speed/draft_log.h"

namespace quantrial {

struct SpeedLoad {
  SpeedCell cell;
  int64_t output_tokens = 128;    // of each request; the end of text is ignored
  SamplingParameters sampling{};  // request i has the seed sampling.seed + i
  ThinkingTags tags{};            // to tell drafts of thinking and answer apart
};

// What the engine must hold for it: what requests generate while others wait counts too.
// `max_batch_tokens`: the model's (ModelOptions).
MemoryWish memory_wish(const SpeedLoad& load, int64_t max_batch_tokens);

// One round on an engine of its own; observation.round is left to the caller, as is dropping
// warm-up rounds. `prompts`: cell.concurrency of cell.prompt_tokens ids. `between_steps` is called
// before each step and may throw to stop.
SpeedObservation observe_speed(Model& model, const EngineOptions& engine, const SpeedLoad& load,
                               std::span<const std::vector<int32_t>> prompts,
                               const std::function<void()>& between_steps);

// Prompts first, first + 1, ... of a study: prompt k ends where the reply of trace k (modulo their
// number) begins, and is filled up in front with whole traces before it; of a text that is no trace
// it has the beginning. No two are equal within as many as there are texts that differ.
std::vector<std::vector<int32_t>> speed_prompts(std::span<const FidelityText> texts,
                                                int64_t prompt_tokens, int64_t first,
                                                int64_t count);

// Where no text is at hand: cell.concurrency prompts of random ids, prompt i with the seed
// first_seed + i. Drafts on them say nothing about real text.
std::vector<std::vector<int32_t>> random_prompts(const SpeedCell& cell, int64_t vocabulary,
                                                 uint64_t first_seed);

}  // namespace quantrial
