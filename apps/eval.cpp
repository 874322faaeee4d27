// quantrial eval: one model, some benchmarks; every sample stored, graded and summed up.
#include <cstdio>

#include "apps/eval_progress.h"
#include "apps/eval_results.h"
#include "apps/eval_table.h"
#include "apps/eval_target.h"
#include "apps/interrupt.h"
#include "apps/suite_progress.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "base/seconds_since.h"

namespace quantrial {
namespace {

using Clock = std::chrono::steady_clock;

// The queue as the thread of work() sees it: shows progress and asks for Ctrl-C in passing.
class Watched : public WorkQueue {
 public:
  Watched(Evaluation& evaluation, const InterruptGuard& guard, EvalProgress& progress)
      : evaluation_(evaluation), guard_(guard), progress_(progress) {}

  std::optional<Ask> next() override { return evaluation_.next(); }
  void done(uint64_t ticket, Reply reply) override { evaluation_.done(ticket, std::move(reply)); }
  bool stopped() override {
    if (guard_.interrupted()) evaluation_.stop();
    show();
    return evaluation_.stopped();
  }
  bool interrupted() const { return guard_.interrupted(); }
  void show() { progress_.show(evaluation_.progress()); }

 private:
  Evaluation& evaluation_;
  const InterruptGuard& guard_;
  EvalProgress& progress_;
};

// What keeps figures from being whole, a line each; false: there is something.
bool is_whole(const std::vector<EvaluationProgress>& progress) {
  bool whole = true;
  for (const EvaluationProgress& p : progress) {
    const int64_t errors = p.transport_errors + p.sandbox_errors;
    if (errors == 0) continue;
    whole = false;
    fmt::print(stderr, "{}: {} samples not scored ({})\n", p.benchmark, errors,
               escaped(p.last_error, 300));
  }
  return whole;
}

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

// Runs to the end, or until something is wrong; then what there is is graded all the same.
std::exception_ptr run(Answerer& answerer, Evaluation& evaluation, Watched& queue) {
  std::exception_ptr failure;
  try {
    answerer.work(queue);
  } catch (const std::exception&) {
    failure = std::current_exception();
    evaluation.stop();
  }
  constexpr auto now_and_then = std::chrono::milliseconds(100);
  while (!evaluation.is_graded(now_and_then)) {
    queue.stopped();  // shows progress
    if (queue.interrupted()) evaluation.drop_ungraded();
  }
  evaluation.finish();
  return failure;
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
  Watched queue(evaluation, guard, progress);
  const Clock::time_point start = Clock::now();
  const std::exception_ptr failure = run(answerer, evaluation, queue);
  if (common.verbose) {
    fmt::print(stderr, "{}; {:.2f} s in all\n", target->summary(), seconds_since(start));
  }
  const nlohmann::ordered_json results = write_results(store, a.out, planned.not_run);
  if (failure) std::rethrow_exception(failure);
  queue.show();
  print_eval_table(results.at("variants").at(variant), planned.not_run);
  const bool whole = is_whole(evaluation.progress());
  if (guard.interrupted()) {
    throw Error("eval: interrupted; what was finished is in {}, run the same command to go on",
                escaped(a.out, 400));
  }
  if (!whole) {
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
