#include "evals/evaluation.h"

#include <algorithm>
#include <new>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "evals/messages.h"
#include "evals/outcome.h"
#include "evals/sample_text.h"
#include "evals/votes.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

std::string hash(const ordered_json& value) { return Sha256::hex(value.dump()); }

// The first 64 bits of the hash of `text`.
uint64_t short_hash(const std::string& text) {
  return std::stoull(Sha256::hex(text).substr(0, 16), nullptr, 16);
}

ordered_json sampling_json(const BenchmarkRun& run) {
  const SamplingParameters& s = run.sampling;
  return {{"temperature", s.temperature},
          {"top_p", s.top_p},
          {"top_k", s.top_k},
          {"min_p", s.min_p},
          {"presence_penalty", s.presence_penalty},
          {"frequency_penalty", s.frequency_penalty},
          {"repetition_penalty", s.repetition_penalty},
          {"max_tokens", run.max_tokens}};
}

std::string question_name(const std::string& benchmark, const std::string& question) {
  return fmt::format("{}, question '{}'", benchmark, escaped(question));
}

// The grade of an answer to `sample`'s question, whatever the grader throws.
Grade grade_of(const Grader& grader, const Question& question, std::string_view answer,
               const Sample& sample) {
  const std::string name = question_name(sample.benchmark, sample.question);
  try {
    return grader.grade(question, answer);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    return {.verdict = Verdict::not_gradable, .detail = "no memory left to grade it"};
  } catch (const std::system_error& error) {
    return {.verdict = Verdict::not_gradable, .detail = error.what()};
  } catch (const std::exception& error) {
    throw Error("{}: cannot be graded: {}; is its row as the grader expects?", name, error.what());
  }
}

}  // namespace

std::string prompt_hash(const std::string& messages_sha256, Thinking thinking) {
  return hash({{"thinking", thinking == Thinking::on}, {"messages", messages_sha256}});
}

void score_nothing(const Grader& grader, const Question& question, Sample& sample) {
  sample.scores = grade_of(grader, question, "", sample).scores;
}

void apply_grade(const Grader& grader, const Question& question, const std::string& answer,
                 Sample& sample) {
  const Grade grade = grade_of(grader, question, answer, sample);
  sample.outcome = outcome_of(grade.verdict);
  sample.answer = grade.answer;
  sample.correct.reset();
  if (is_scored(sample.outcome)) sample.correct = grade.verdict == Verdict::right;
  sample.scores = grade.scores;
  if (!grade.detail.empty()) sample.scores["detail"] = grade.detail;
  sample.grader_version = grader.version();
}

Evaluation::Evaluation(std::vector<BenchmarkRun> runs, EvaluationOptions options,
                       SampleStore& store)
    : runs_(std::move(runs)), options_(std::move(options)), store_(store) {
  progress_.resize(runs_.size());
  for (size_t r = 0; r < runs_.size(); ++r) {
    progress_[r].benchmark = stored_name(runs_[r]);
    for (size_t other = 0; other < r; ++other) {
      if (progress_[other].benchmark == progress_[r].benchmark) {
        throw Error("benchmark '{}': named twice; name it once", progress_[r].benchmark);
      }
    }
    records_.push_back(record(runs_[r]));
    plan(r);
  }
  // All benchmarks advance together; the samples of a question follow each other (shared prompt).
  const auto share = [&](const Place& p) {
    return static_cast<double>(p.question) /
           static_cast<double>(runs_[p.run].benchmark.questions.size());
  };
  std::stable_sort(asks_.begin(), asks_.end(),
                   [&](const Place& a, const Place& b) { return share(a) < share(b); });
  for (int i = 0; i < std::max(1, options_.grading_threads); ++i) {
    graders_.emplace_back([this] { grade_loop(); });
  }
}

Evaluation::~Evaluation() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    ungraded_.clear();
  }
  changed_.notify_all();
  for (std::thread& grader : graders_) grader.join();
}

RunRecord Evaluation::record(const BenchmarkRun& run) const {
  RunRecord record;
  record.variant = options_.variant;
  record.benchmark = stored_name(run);
  record.origin = {
      .variant_hash = options_.fingerprint,
      .dataset_hash = run.benchmark.data_sha256,
      .prompt_hash = prompt_hash(run.messages_sha256, run.thinking),
      .sampling_hash = hash({{"sampling", sampling_json(run)}, {"seed", options_.seed}})};
  record.samples = run.samples;
  record.settings = {{"title", run.benchmark.title},
                     {"source", run.benchmark.source},
                     {"licence", run.benchmark.licence},
                     {"majority", run.benchmark.majority},
                     {"grader", run.grader->version()},
                     {"thinking", run.thinking == Thinking::on},
                     {"seed", options_.seed},
                     {"sampling", sampling_json(run)}};
  for (const Question& question : run.benchmark.questions) record.questions.push_back(question.id);
  return record;
}

void Evaluation::plan(size_t r) {
  const BenchmarkRun& run = runs_[r];
  store_.put(records_[r]);
  std::map<std::string, size_t> index;
  for (const std::string& id : records_[r].questions) index.emplace(id, index.size());
  EvaluationProgress& progress = progress_[r];
  progress.total = run.samples * static_cast<int64_t>(run.benchmark.questions.size());
  std::set<std::pair<size_t, int64_t>> there;
  store_.for_each(records_[r], [&](Sample sample) {
    if (sample.outcome == Outcome::transport_error) return;
    const Place place{r, index.at(sample.question), sample.sample};
    there.insert({place.question, place.sample});
    if (sample.outcome == Outcome::sandbox_error) {
      std::string answer = split_sample(sample, text_begins(run.thinking)).answer;
      ungraded_.push_back({place, std::move(sample), std::move(answer)});
      return;
    }
    ++progress.done;
    ++progress.scored;
    progress.right += sample.correct.value_or(false) ? 1 : 0;
  });
  for (size_t q = 0; q < run.benchmark.questions.size(); ++q) {
    for (int64_t k = 0; k < run.samples; ++k) {
      if (!there.contains({q, k})) asks_.push_back({r, q, k});
    }
  }
}

// The same for every variant: common random numbers (evaluation.md 4.3).
uint64_t Evaluation::seed(const Place& place) const {
  const BenchmarkRun& run = runs_[place.run];
  return short_hash(fmt::format("{}/{}/{}/{}", options_.seed, run.benchmark.name,
                                run.benchmark.questions[place.question].id, place.sample)) >>
         1;  // SQLite's integers are signed
}

std::string Evaluation::name(const Place& place) const {
  return question_name(progress_[place.run].benchmark,
                       runs_[place.run].benchmark.questions[place.question].id);
}

std::optional<Ask> Evaluation::next() {
  const std::lock_guard lock(mutex_);
  if (stopped_ || next_ == asks_.size()) return std::nullopt;
  const Place& place = asks_[next_];
  const BenchmarkRun& run = runs_[place.run];
  Ask ask{.ticket = next_++,
          .name = name(place),
          .messages = messages_of(run.benchmark, run.benchmark.questions[place.question]),
          .sampling = run.sampling,
          .max_tokens = run.max_tokens,
          .thinking = run.thinking == Thinking::on};
  ask.sampling.seed = seed(place);
  return ask;
}

Sample Evaluation::sample_of(const Place& place, const Reply& reply) const {
  const BenchmarkRun& run = runs_[place.run];
  const Question& question = run.benchmark.questions[place.question];
  Sample s;
  s.variant = options_.variant;
  s.benchmark = stored_name(run);
  s.question = question.id;
  s.sample = place.sample;
  s.cluster = question.cluster;
  s.origin = records_[place.run].origin;
  s.seed = seed(place);
  s.prompt_tokens = reply.prompt_tokens;
  s.thinking_tokens = reply.thinking_tokens;
  s.answer_tokens = reply.answer_tokens;
  s.generated_tokens = reply.generated_tokens;
  s.outcome = outcome_before_grading(reply);
  if (is_scored(s.outcome)) s.correct = false;
  if (is_scored(s.outcome) && s.outcome != Outcome::answered) {
    score_nothing(*run.grader, question, s);
  }
  s.text = reply.text;
  s.finish_reason = reply.finish_reason;
  s.ttft_ms = reply.ttft_ms;
  s.ttfa_ms = reply.ttfa_ms;
  s.e2e_ms = reply.e2e_ms;
  s.drafts = reply.drafts;
  s.drafted_tokens = reply.drafted_tokens;
  s.accepted_tokens = reply.accepted_tokens;
  s.accepted_by_position = reply.accepted_by_position;
  s.token_ids = reply.token_ids;
  s.server = reply.server;
  s.grader_version = run.grader->version();
  s.warning = reply.error ? *reply.error : reply.warning;
  return s;
}

void Evaluation::done(uint64_t ticket, Reply reply) {
  const Place place = asks_.at(ticket);
  try {
    take(place, std::move(reply));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error("{}: {}", name(place), error.what());
  }
}

void Evaluation::take(const Place& place, Reply reply) {
  Sample sample = sample_of(place, reply);
  {
    const std::lock_guard lock(mutex_);
    progress_[place.run].generated_tokens += reply.generated_tokens.value_or(0);
  }
  if (sample.outcome != Outcome::answered) return store(place, sample);
  // Until it is graded it stands in the store as what is to be graded again.
  sample.outcome = Outcome::sandbox_error;
  sample.correct.reset();
  store_.put(sample);
  {
    const std::lock_guard lock(mutex_);
    ungraded_.push_back({place, std::move(sample), std::move(reply.answer)});
  }
  changed_.notify_all();
}

void Evaluation::store(const Place& place, const Sample& sample) {
  store_.put(sample);
  const std::lock_guard lock(mutex_);
  EvaluationProgress& progress = progress_[place.run];
  ++progress.done;
  if (is_scored(sample.outcome)) {
    ++progress.scored;
    progress.right += sample.correct.value_or(false) ? 1 : 0;
    return;
  }
  const bool transport = sample.outcome == Outcome::transport_error;
  ++(transport ? progress.transport_errors : progress.sandbox_errors);
  progress.last_error = transport ? sample.warning : sample.scores.value("detail", std::string());
}

void Evaluation::grade(Work work) {
  const BenchmarkRun& run = runs_[work.place.run];
  apply_grade(*run.grader, run.benchmark.questions[work.place.question], work.answer, work.sample);
  store(work.place, work.sample);
}

void Evaluation::grade_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closing_ || !ungraded_.empty(); });
    if (ungraded_.empty()) return;
    Work work = std::move(ungraded_.front());
    ungraded_.pop_front();
    ++grading_;
    lock.unlock();
    const Place place = work.place;
    std::exception_ptr failure;
    try {
      grade(std::move(work));
    } catch (const Error&) {
      failure = std::current_exception();
    } catch (const std::exception& error) {
      failure = std::make_exception_ptr(Error("{}: {}", name(place), error.what()));
    }
    lock.lock();
    --grading_;
    if (failure && !failure_) {
      failure_ = failure;
      stopped_ = true;
    }
    changed_.notify_all();
  }
}

bool Evaluation::is_graded(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, wait, [&] { return no_work_left(); });
}

void Evaluation::drop_ungraded() {
  const std::lock_guard lock(mutex_);
  ungraded_.clear();  // in the store they stand as what is to be graded again
  for (const BenchmarkRun& run : runs_) run.grader->stop();
}

void Evaluation::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return no_work_left(); });
  if (failure_) std::rethrow_exception(failure_);
  for (size_t r = 0; r < runs_.size(); ++r) store_votes(store_, records_[r], *runs_[r].grader);
}

std::vector<EvaluationProgress> Evaluation::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace quantrial
