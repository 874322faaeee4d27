#include "study/check_lengths.h"

#include <algorithm>

#include "base/error.h"
#include "evals/fidelity/own_traces.h"
#include "model/config.h"
#include "study/fidelity_stage.h"

namespace quantrial {
namespace {

int64_t largest(const std::vector<int64_t>& of) { return *std::max_element(of.begin(), of.end()); }

// A trace is a prompt and one token of a reply at least.
void check_traces(const Study& study, const StudyPlaces& places, const YamlObject& fidelity) {
  const TraceRequest request = trace_request(traces_plan(*study.fidelity), places, study.seed);
  const auto prompts = trace_prompts(study.base, request);
  const int64_t longest_prompt = longest(prompts);
  if (study.fidelity->context > longest_prompt) return;
  fidelity.fail("context", fmt::format("the base's traces begin with prompts of up to {} tokens; "
                                       "give {} or more",
                                       longest_prompt, longest_prompt + 1));
}

}  // namespace

void check_lengths(const Study& study, const StudyPlaces& places, const YamlObject& root) {
  if (study.base.empty()) return;
  const int64_t most = read_model_config(study.base).max_position_embeddings;
  const auto too_long = [&](const YamlObject& of, const char* key, int64_t other) {
    of.fail(key, fmt::format("the base has {} positions (max_position_embeddings){}; give {} or "
                             "less",
                             most, other > 0 ? fmt::format(", output takes {}", other) : "",
                             most - other));
  };
  if (study.context.value_or(0) > most) too_long(root, "context", 0);
  if (study.fidelity) {
    const YamlObject fidelity = root.named("fidelity");
    if (study.fidelity->context > most) too_long(fidelity, "context", 0);
    if (study.fidelity->own_traces > 0 || study.speed) check_traces(study, places, fidelity);
  }
  if (study.speed && largest(study.speed->prompt_tokens) + study.speed->output_tokens > most) {
    const YamlObject speed = root.named("speed");
    if (study.speed->output_tokens >= most) too_long(speed, "output_tokens", 0);
    too_long(speed, "prompt_tokens", study.speed->output_tokens);
  }
}

}  // namespace quantrial
