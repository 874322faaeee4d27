// The options of `quantrial eval`.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/engine_options.h"
#include "evals/benchmark_runs.h"

namespace quantrial {

// Of servers, as written on the command line.
struct EndpointArguments {
  std::optional<std::string> model, tokenizer, key_variable;
  std::string ca_file;
  std::vector<std::string> omitted;
  double connect_s = 10, first_token_s = 1800, idle_s = 300, total_s = 4 * 3600;
  int attempts = 10;
  double retry_delay_s = 1, patience_s = 600;
  std::vector<const CLI::Option*> options{};  // all of these
};

struct EvalArguments {
  ModelArguments model;  // its name may be addresses
  EndpointArguments endpoint;
  std::vector<std::string> benchmarks, benchmark_files;
  std::string out, thinking = "on";
  std::optional<std::string> variant;
  int64_t samples = 1, concurrency = 16, draft_tokens = 0;
  std::optional<int64_t> limit, context;
  BenchmarkSampling sampling;
  uint64_t seed = 42;
};

void add_eval_arguments(CLI::App& command, EvalArguments& arguments);

// NAME=FILE pairs: sets that are not shipped.
std::map<std::string, std::filesystem::path> supplied_files(const std::vector<std::string>& pairs);

// What the options ask of the benchmarks.
RunWish wish_of(const EvalArguments& arguments);

}  // namespace quantrial
