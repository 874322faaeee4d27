// quantrial eval: one model, some benchmarks; every sample stored, graded and summed up.
#include <cstdio>

#include "apps/eval_progress.h"
#include "apps/eval_table.h"
#include "apps/eval_target.h"
#include "apps/interrupt.h"
#include "apps/study_folder.h"
#include "apps/suite_progress.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "base/seconds_since.h"
#include "evals/evaluation_loop.h"
#include "evals/measurement_store.h"

namespace quantrial {
namespace {

// What keeps the benchmarks that were left out from being run; throws when none is left.
void note_left_out(const PlannedRuns& planned, EvalProgress& progress) {
  std::vector<std::string> lines;
  for (const NotRun& left_out : planned.not_run) {
    lines.push_back(fmt::format("{}: not run: {}", left_out.benchmark, left_out.reason));
  }
  if (planned.runs.empty()) {
    throw Error("eval: no benchmark can be run here; {}", fmt::join(lines, "; "));
  }
  for (const std::string& line : lines) progress.note(line);
}

PlannedRuns plan(const EvalArguments& a, const CommonOptions& common, const InterruptGuard& guard,
                 const GenerationDefaults& model) {
  SuiteProgress progress;
  RunWish wish = wish_of(a);
  wish.watch = [&](const std::string& benchmark, size_t done, size_t all) {
    if (!common.quiet) progress.show(benchmark, done, all);
    return !guard.interrupted();
  };
  PlannedRuns planned = benchmark_runs(wish, model);
  if (guard.interrupted()) throw Error("eval: interrupted before anything was asked");
  return planned;
}

void run_eval(const EvalArguments& a, const CommonOptions& common) {
  const InterruptGuard guard;
  EvalProgress progress(common.quiet ? EvalProgress::Wish::quiet : EvalProgress::Wish::shown);
  const auto note = [&](const std::string& line) { progress.note(line); };
  const std::unique_ptr<EvalTarget> target =
      make_eval_target(a, common, {.stopped = [&] { return guard.interrupted(); }, .note = note});
  PlannedRuns planned = plan(a, common, guard, target->defaults());
  note_left_out(planned, progress);
  Answerer& answerer = target->open();
  const std::string variant = a.variant.value_or(target->name());
  SampleStore store(a.out, Database::Access::read_write);
  const FolderLock lock(a.out);
  Evaluation evaluation(std::move(planned.runs),
                        {.variant = variant,
                         .fingerprint = answerer.fingerprint(),
                         .seed = a.seed,
                         .grading_threads = 2},
                        store);
  const auto start = std::chrono::steady_clock::now();
  const std::exception_ptr failure = run_evaluation(
      answerer, evaluation,
      {.interrupted = [&] { return guard.interrupted(); },
       .show = [&](const std::vector<EvaluationProgress>& all) { progress.show(all); }});
  if (common.verbose) {
    fmt::print(stderr, "{}; {:.2f} s in all\n", target->summary(), seconds_since(start));
  }
  MeasurementStore measurements(a.out, Database::Access::read_write);
  put_not_run(measurements, planned.not_run);
  const nlohmann::ordered_json results = write_report(a.out);
  if (failure) std::rethrow_exception(failure);
  print_eval_table(results.at("variants").at(variant), planned.not_run);
  const std::vector<std::string> missing = missing_scores(evaluation.progress());
  for (const std::string& line : missing) fmt::print(stderr, "{}\n", line);
  if (guard.interrupted()) {
    throw Error("eval: interrupted; what was finished is in {}, run the same command to go on",
                escaped(a.out, 400));
  }
  if (!missing.empty()) {
    throw Error("eval: some samples were not scored; run the same command again for them");
  }
}

}  // namespace

void add_eval_command(CLI::App& app, const CommonOptions& common) {
  const auto a = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Ask a model benchmarks, grade and sum up");
  add_eval_arguments(*command, *a);
  command->footer(
      "Example:\n  quantrial eval models/Qwen3.6-27B-NVFP4 --benchmark gsm8k,humaneval-plus "
      "--samples 4 -o out/nvfp4\n  quantrial eval http://gpu1:8000/v1,http://gpu2:8000/v1 "
      "--concurrency 128 --benchmark gsm8k -o out/served\nRun it again to go on after an "
      "interruption, or with more --samples.");
  command->callback([a, &common] { run_eval(*a, common); });
}

}  // namespace quantrial
