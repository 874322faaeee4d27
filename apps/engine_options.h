// Options that the commands with a model share (generate, logits, bench), and what they open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "engine/open_model.h"

namespace quantrial {

struct ModelArguments {
  std::string model;
  std::string precision = "native";
  std::string activations = "as-stored";
  std::string nvfp4_global_scale = "as-written";
  std::string head_bits = "16";
};
void add_model_arguments(CLI::App& command, ModelArguments& arguments);
// Throws Error when there is none.
std::filesystem::path model_folder(const ModelArguments& arguments);

// One line for -v.
std::string describe(const MemoryPlan& plan);

// Throws Error for a backend that is not there.
ModelChoice model_choice(const CommonOptions& common, const ModelArguments& arguments);
OpenModel open_model(const CommonOptions& common, const ModelArguments& arguments);

// What is not given comes from the model's generation_config.json.
struct SamplingArguments {
  std::optional<double> temperature, top_p, min_p;
  std::optional<int64_t> top_k, max_tokens;
  double presence_penalty = 0, frequency_penalty = 0, repetition_penalty = 1;
  std::optional<uint64_t> seed;
  std::vector<std::string> stop;
  int64_t draft_tokens = 0;
  bool ignore_eos = false;
};
void add_sampling_arguments(CLI::App& command, SamplingArguments& arguments);

// The request that the arguments describe, without a prompt. Seeds that are not given are drawn.
Request make_request(const SamplingArguments& arguments, const std::filesystem::path& dir);

}  // namespace quantrial
