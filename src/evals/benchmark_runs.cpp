#include "evals/benchmark_runs.h"

#include <algorithm>

#include "base/error.h"
#include "engine/usual_sampling.h"
#include "evals/graders/graders.h"
#include "evals/messages.h"

namespace quantrial {
namespace {

constexpr int64_t default_max_tokens = 32768;  // "for most queries", Qwen's card

void resolve_sampling(const BenchmarkSampling& wish, const GenerationDefaults& model,
                      BenchmarkRun& run) {
  const BenchmarkSampling& benchmark = run.benchmark.sampling;
  const auto first = [](const auto& wished, const auto& usual, auto otherwise) {
    return wished ? *wished : usual ? *usual : otherwise;
  };
  const SamplingParameters own = usual_sampling(model);
  SamplingParameters& s = run.sampling;
  s.temperature = first(wish.temperature, benchmark.temperature, own.temperature);
  s.top_p = first(wish.top_p, benchmark.top_p, own.top_p);
  s.top_k = first(wish.top_k, benchmark.top_k, own.top_k);
  s.min_p = first(wish.min_p, benchmark.min_p, own.min_p);
  s.presence_penalty = first(wish.presence_penalty, benchmark.presence_penalty, 0.0);
  run.max_tokens = first(wish.max_tokens, benchmark.max_tokens, default_max_tokens);
  validate(s);
}

}  // namespace

PlannedRuns benchmark_runs(const RunWish& wish, const GenerationDefaults& model) {
  PlannedRuns planned;
  const std::vector<std::string> names = benchmark_names(wish.benchmarks, wish.files);
  for (const auto& [name, file] : wish.files.supplied) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw Error("--benchmark-file {}: no benchmark of that name is asked; correct it",
                escaped(name));
  }
  for (const std::string& name : names) {
    BenchmarkRun run;
    run.benchmark = read_benchmark(name, wish.files);
    run.messages_sha256 = messages_sha256(run.benchmark);
    run.benchmark.questions =
        draw_questions(std::move(run.benchmark.questions), wish.limit, wish.seed);
    run.grader = make_grader(run.benchmark.grading, name);
    const auto watch = [&](size_t done, size_t all) {
      return !wish.watch || wish.watch(name, done, all);
    };
    if (auto reason = run.grader->obstacle(run.benchmark.questions, watch)) {
      planned.not_run.push_back({name, std::move(*reason)});
      continue;
    }
    run.samples = wish.samples;
    resolve_sampling(wish.sampling, model, run);
    if (wish.thinking != ThinkingWish::off) planned.runs.push_back(run);
    run.thinking = Thinking::off;
    if (wish.thinking != ThinkingWish::on) planned.runs.push_back(std::move(run));
  }
  return planned;
}

GenerationDefaults recommended_sampling() {
  return {.do_sample = true, .temperature = 1.0, .top_p = 0.95, .min_p = 0.0, .top_k = 20};
}

}  // namespace quantrial
