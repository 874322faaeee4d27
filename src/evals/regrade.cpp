#include "evals/regrade.h"

#include <exception>
#include <map>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "evals/evaluation.h"
#include "evals/messages.h"
#include "evals/sample_text.h"
#include "evals/votes.h"

namespace quantrial {
namespace {

constexpr size_t questions_at_once = 256;  // their samples are in memory together

Thinking thinking_of(const RunRecord& run) {
  return run.settings.value("thinking", true) ? Thinking::on : Thinking::off;
}

// The answer, where the sample ended with one.
std::optional<std::string> gradable_answer(const Sample& sample, Thinking thinking) {
  if (sample.outcome != Outcome::answered && sample.outcome != Outcome::no_answer &&
      sample.outcome != Outcome::sandbox_error) {
    return std::nullopt;
  }
  SampleText parts = split_sample(sample, text_begins(thinking));
  if (parts.in_thinking) return std::nullopt;
  return std::move(parts.answer);
}

std::map<std::string, const Question*> by_id(const RunRecord& run, const Benchmark& benchmark) {
  if (benchmark.data_sha256 != run.origin.dataset_hash) {
    throw Error(
        "{}: its questions are others than when it was asked (sha256 {}, then {}); "
        "give the file of then",
        run.benchmark, benchmark.data_sha256, run.origin.dataset_hash);
  }
  std::map<std::string, const Question*> questions;
  for (const Question& question : benchmark.questions) questions[question.id] = &question;
  for (const std::string& id : run.questions) {
    if (questions.contains(id)) continue;
    throw Error("{}: question '{}' is no longer among its questions; undo the change of its YAML",
                run.benchmark, escaped(id));
  }
  if (prompt_hash(messages_sha256(benchmark), thinking_of(run)) != run.origin.prompt_hash) {
    throw Error("{}: it was asked with other prompts or options; undo the change of its YAML",
                run.benchmark);
  }
  return questions;
}

// Grades samples in parallel; what a grader throws is thrown once all have ended.
class Batch {
 public:
  Batch(const Grader& grader, const std::map<std::string, const Question*>& questions,
        Thinking thinking)
      : grader_(grader), questions_(questions), thinking_(thinking) {}

  void grade(std::vector<Sample>& samples, ThreadPool& pool, RegradeCounts& counts) {
    std::exception_ptr failure;
    pool.parallel_for(static_cast<int64_t>(samples.size()), [&](int64_t i, int) {
      try {
        grade(samples[static_cast<size_t>(i)], counts);
      } catch (const std::exception&) {
        const std::lock_guard lock(mutex_);
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }

 private:
  void grade(Sample& sample, RegradeCounts& counts) {
    const std::optional<std::string> answer = gradable_answer(sample, thinking_);
    const Question& question = *questions_.at(sample.question);
    if (!answer) {
      if (is_scored(sample.outcome)) score_nothing(grader_, question, sample);
      sample.grader_version = grader_.version();
      return;
    }
    const Outcome outcome = sample.outcome;
    const std::optional<bool> correct = sample.correct;
    apply_grade(grader_, question, *answer, sample);
    const std::lock_guard lock(mutex_);
    ++counts.graded;
    counts.changed += sample.outcome != outcome || sample.correct != correct ? 1 : 0;
    if (sample.outcome != Outcome::sandbox_error) return;
    ++counts.sandbox_errors;
    counts.last_error = sample.scores.value("detail", std::string());
  }

  const Grader& grader_;
  const std::map<std::string, const Question*>& questions_;
  Thinking thinking_;
  std::mutex mutex_;
};

}  // namespace

std::string benchmark_of(const RunRecord& run) {
  return benchmark_of(run.benchmark, thinking_of(run));
}

RegradeCounts regrade(SampleStore& store, RunRecord run, const Benchmark& benchmark,
                      const Grader& grader, ThreadPool& pool) {
  const auto questions = by_id(run, benchmark);
  Batch batch(grader, questions, thinking_of(run));
  RegradeCounts counts;
  for (size_t first = 0; first < run.questions.size(); first += questions_at_once) {
    RunRecord some = run;
    const size_t end = std::min(first + questions_at_once, run.questions.size());
    some.questions.assign(run.questions.begin() + static_cast<std::ptrdiff_t>(first),
                          run.questions.begin() + static_cast<std::ptrdiff_t>(end));
    std::vector<Sample> samples;
    store.for_each(some, [&](Sample sample) { samples.push_back(std::move(sample)); });
    batch.grade(samples, pool, counts);
    store.put(samples);
  }
  run.settings["grader"] = grader.version();
  store.put(run);
  store_votes(store, run, grader);
  return counts;
}

}  // namespace quantrial
