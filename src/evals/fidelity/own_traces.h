// The base model's own traces: it answers questions, and what it wrote is the text on which
// fidelity is measured (evaluation.md 0.6).
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "engine/engine.h"
#include "evals/fidelity/fidelity.h"

namespace quantrial {

inline constexpr int64_t traces_at_once = 16;

struct TraceRequest {
  std::vector<std::filesystem::path> questions;  // .jsonl with `question` or `messages` a line
  int64_t traces = 64;
  int64_t max_tokens = 2048;  // prompt and output of one
  uint64_t seed = 42;         // draws the questions and samples the answers
  SamplingParameters sampling{};
};

// Lines of the files, drawn without replacement by the seed; those that say `"mix": false` (the
// reference benchmarks' levels outside the default mix) only where no others are. Rendered by the
// chat template in `model_dir`, thinking on. Texts that are all prompt.
std::vector<FidelityText> trace_prompts(const std::filesystem::path& model_dir,
                                        const TraceRequest& request);

// What the model makes of those prompts that leave it room. `generated(n)` is called as n more
// tokens come and may throw to stop.
std::vector<FidelityText> own_traces(Model& model, const std::filesystem::path& model_dir,
                                     const TraceRequest& request,
                                     const std::function<void(int64_t)>& generated);

// Files of questions in a folder, sorted.
std::vector<std::filesystem::path> question_files(const std::filesystem::path& folder);

// One line a trace, as read_fidelity_texts reads it.
std::string trace_lines(const std::vector<FidelityText>& traces);

}  // namespace quantrial
