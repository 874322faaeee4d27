#include "study/evaluate_stage.h"

#include "base/error.h"
#include "evals/evaluation_loop.h"
#include "evals/target.h"

namespace quantrial {
namespace {

constexpr int64_t pilot_samples = 2;

RunWish wish_for(StudyContext& context, const std::string& benchmark) {
  const Study& study = context.study;
  RunWish wish{.benchmarks = {benchmark},
               .files = {context.places.benchmarks, {}, BenchmarkFiles::Place::study},
               .samples = study.samples.at(benchmark),
               .limit = study.limit.at(benchmark),
               .sampling = study.sampling.at(benchmark),
               .thinking = study.thinking,
               .seed = study.seed};
  const auto file = study.benchmark_files.find(benchmark);
  if (file != study.benchmark_files.end()) wish.files.supplied.insert(*file);
  wish.watch = [&context](const std::string& name, size_t done, size_t all) {
    context.observer.progress(static_cast<double>(done) / static_cast<double>(all),
                              fmt::format("evaluate: {} checks its own solutions", name));
    return !context.observer.interrupted();
  };
  return wish;
}

// The sampling of the base's own configuration, for all variants.
GenerationDefaults defaults(const StudyContext& context) {
  return context.study.base.empty() ? recommended_sampling()
                                    : read_generation_defaults(context.study.base);
}

std::unique_ptr<EvalTarget> target_of(StudyContext& context, const StudyVariant& variant) {
  const Study& study = context.study;
  if (!context.is_served(variant)) {
    return make_target(LocalTarget{.model = context.model(variant),
                                   .concurrency = study.concurrency,
                                   .context = study.context});
  }
  HttpOptions http;
  http.key = context.api_key(variant.key_variable);
  StudyObserver& observer = context.observer;
  return make_target(
      ServedTarget{.addresses = variant.addresses,
                   .model = variant.model,
                   .tokenizer = variant.tokenizer,
                   .http = http,
                   .retry = {},
                   .omitted = {},
                   .concurrency = study.concurrency,
                   .stopped = [&observer] { return observer.interrupted(); },
                   .note = [&observer](const std::string& line) { observer.line(line); }});
}

double share_done(const std::vector<EvaluationProgress>& all) {
  int64_t done = 0, total = 0;
  for (const EvaluationProgress& p : all) {
    done += p.done;
    total += p.total;
  }
  return total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
}

bool is_complete(const std::vector<EvaluationProgress>& all) {
  return std::all_of(all.begin(), all.end(), [](const EvaluationProgress& p) {
    return p.done == p.total && p.transport_errors == 0 && p.sandbox_errors == 0;
  });
}

// Whether an earlier run asked for more samples than the pilot.
bool is_beyond_pilot(const StudyContext& context, const StudyVariant& variant) {
  for (const RunRecord& run : context.samples.runs()) {
    if (run.variant == variant.name && run.samples > pilot_samples) return true;
  }
  return false;
}

void ask(StudyContext& context, const StudyVariant& variant, std::vector<BenchmarkRun> runs) {
  const std::unique_ptr<EvalTarget> target = target_of(context, variant);
  const std::string identity = context.is_served(variant) ? target->open().fingerprint()
                                                          : fingerprint(context.model(variant));
  Evaluation evaluation(std::move(runs),
                        {.variant = variant.name,
                         .fingerprint = identity,
                         .seed = context.study.seed_of(variant),
                         .grading_threads = 2},
                        context.samples);
  if (is_complete(evaluation.progress())) return;
  ++context.measured;
  const std::string what = fmt::format("evaluate {}", variant.name);
  const std::exception_ptr failure =
      run_evaluation(target->open(), evaluation,
                     {.interrupted = [&] { return context.observer.interrupted(); },
                      .show =
                          [&](const std::vector<EvaluationProgress>& all) {
                            context.observer.progress(share_done(all), what);
                          }});
  stop_if_interrupted(context.observer);
  if (failure) std::rethrow_exception(failure);
  const std::vector<std::string> missing = missing_scores(evaluation.progress());
  if (!missing.empty()) {
    throw Error("{}; run the study again for them", fmt::join(missing, "; "));
  }
}

}  // namespace

PlannedRuns plan_runs(StudyContext& context) {
  PlannedRuns all;
  for (const std::string& benchmark : context.study.benchmarks) {
    PlannedRuns one = benchmark_runs(wish_for(context, benchmark), defaults(context));
    stop_if_interrupted(context.observer);
    for (BenchmarkRun& run : one.runs) all.runs.push_back(std::move(run));
    for (NotRun& left_out : one.not_run) {
      context.observer.line(
          fmt::format("evaluate: {}: not run: {}", left_out.benchmark, left_out.reason));
      all.not_run.push_back(std::move(left_out));
    }
  }
  put_not_run(context.measurements, all.not_run);
  return all;
}

void pilot_variant(StudyContext& context, const StudyVariant& variant, const PlannedRuns& planned) {
  if (is_beyond_pilot(context, variant)) return;
  std::vector<BenchmarkRun> runs = planned.runs;
  for (BenchmarkRun& run : runs) run.samples = std::min(run.samples, pilot_samples);
  ask(context, variant, std::move(runs));
}

void evaluate_variant(StudyContext& context, const StudyVariant& variant,
                      const PlannedRuns& planned) {
  ask(context, variant, planned.runs);
}

}  // namespace quantrial
