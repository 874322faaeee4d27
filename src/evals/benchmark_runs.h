// From what a user wishes (a command's options, a study's YAML) to benchmarks that can be run.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/evaluation.h"
#include "model/config.h"

namespace quantrial {

enum class ThinkingWish { on, off, both };
inline constexpr std::array<std::string_view, 3> thinking_wish_names = {"on", "off", "both"};
inline std::string_view name(ThinkingWish wish) {
  return thinking_wish_names.at(static_cast<size_t>(wish));
}

struct RunWish {
  std::vector<std::string> benchmarks;  // names, sets or YAML files
  BenchmarkFiles files;
  int64_t samples = 1;           // K
  std::optional<int64_t> limit;  // questions of each benchmark
  BenchmarkSampling sampling;    // before what the benchmark says
  ThinkingWish thinking = ThinkingWish::on;
  uint64_t seed = 42;
  // While suites of programs run their own solutions: how many of how many; false: stop.
  std::function<bool(const std::string& benchmark, size_t done, size_t all)> watch{};
};

// A benchmark that cannot be graded here, and why in one line: it is left out, never scored.
struct NotRun {
  std::string benchmark, reason;
};
struct PlannedRuns {
  std::vector<BenchmarkRun> runs;
  std::vector<NotRun> not_run;
};

// Sampling: the wish, else the benchmark's, else `model`'s. Throws Error for what cannot be read,
// is unknown or out of range. Suites of programs run their own solutions first.
PlannedRuns benchmark_runs(const RunWish& wish, const GenerationDefaults& model);

// What a model without generation_config.json, or behind an endpoint, is sampled with: the
// recommendation for Qwen3.5/3.6 with thinking (evaluation.md 3.2).
GenerationDefaults recommended_sampling();

}  // namespace quantrial
