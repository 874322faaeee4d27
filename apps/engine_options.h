// Options that the commands with a model share (generate, logits, bench), and what they open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "engine/memory_plan.h"
#include "model/model.h"

namespace quantrial {

struct ModelArguments {
  std::string model;
  std::string precision = "native";
  std::string activations = "as-stored";
  std::string nvfp4_global_scale = "as-written";
};
void add_model_arguments(CLI::App& command, ModelArguments& arguments);
// Throws Error when there is none.
std::filesystem::path model_folder(const ModelArguments& arguments);

struct OpenModel {
  std::filesystem::path dir;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;

  // Throws Error when the memory that there is does not hold it.
  MemoryPlan plan(const MemoryWish& wish) const;
};
// One line for -v.
std::string describe(const MemoryPlan& plan);

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
