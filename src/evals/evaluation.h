// One variant asked all its benchmarks: hands out what the store lacks, classifies and grades what
// comes back, and stores it. Answers are graded on threads of their own, so that what answers never
// waits; only the scores of replies without an answer are taken at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "evals/answerer.h"
#include "evals/benchmark.h"
#include "evals/graders/grader.h"
#include "evals/sample_store.h"
#include "evals/thinking.h"

namespace quantrial {

// A benchmark as this run asks it.
struct BenchmarkRun {
  Benchmark benchmark;          // its questions: those that are asked
  std::string messages_sha256;  // of all questions of the set (messages.h), so that more keep it
  std::shared_ptr<const Grader> grader;
  int64_t samples = 1;  // K
  SamplingParameters sampling;
  int64_t max_tokens = 0;
  Thinking thinking = Thinking::on;
};
inline std::string stored_name(const BenchmarkRun& run) {
  return stored_name(run.benchmark.name, run.thinking);
}
// SampleOrigin::prompt_hash.
std::string prompt_hash(const std::string& messages_sha256, Thinking thinking);

struct EvaluationOptions {
  std::string variant;
  std::string fingerprint;  // of what answers
  uint64_t seed = 42;
  int grading_threads = 1;
};

// Of one benchmark, for people.
struct EvaluationProgress {
  std::string benchmark;
  int64_t done = 0, total = 0;    // samples, those of earlier runs included
  int64_t scored = 0, right = 0;  // of this and earlier runs
  int64_t generated_tokens = 0;   // in this run
  int64_t transport_errors = 0, sandbox_errors = 0;
  std::string last_error;
};

class Evaluation : public WorkQueue {
 public:
  // Writes the runs' records into the store, which outlives this. Throws Error when two runs have
  // the same stored name.
  Evaluation(std::vector<BenchmarkRun> runs, EvaluationOptions options, SampleStore& store);
  ~Evaluation() override;

  std::optional<Ask> next() override;
  void done(uint64_t ticket, Reply reply) override;
  bool stopped() override { return stopped_; }
  // next() gives nothing more; what is in flight may be dropped.
  void stop() { stopped_ = true; }

  // Whether the graders have nothing left to do; waits up to `wait` for that.
  bool is_graded(std::chrono::milliseconds wait);
  // Leaves what no grader has begun to another run.
  void drop_ungraded();
  // Waits for the graders, then classifies answers for votes. Throws the first Error that a grader
  // met.
  void finish();
  std::vector<EvaluationProgress> progress() const;

 private:
  struct Place {  // of a sample
    size_t run, question;
    int64_t sample;
  };
  struct Work {
    Place place;
    Sample sample;
    std::string answer;
  };

  void plan(size_t run);
  RunRecord record(const BenchmarkRun& run) const;
  uint64_t seed(const Place& place) const;
  std::string name(const Place& place) const;
  Sample sample_of(const Place& place, const Reply& reply) const;
  void take(const Place& place, Reply reply);
  void grade_loop();
  void grade(Work work);
  bool no_work_left() const { return failure_ || (ungraded_.empty() && grading_ == 0); }
  void store(const Place& place, const Sample& sample);

  std::vector<BenchmarkRun> runs_;
  EvaluationOptions options_;
  SampleStore& store_;
  std::vector<RunRecord> records_;  // of each run
  std::vector<Place> asks_;         // what is to be generated, in order; tickets are places here
  size_t next_ = 0;
  std::atomic<bool> stopped_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> ungraded_;
  int64_t grading_ = 0;  // works taken by graders
  bool closing_ = false;
  std::exception_ptr failure_;
  std::vector<EvaluationProgress> progress_;
  std::vector<std::thread> graders_;
};

// The further scores of a sample that came to no answer: those of an empty one.
void score_nothing(const Grader& grader, const Question& question, Sample& sample);

// Adds what grading a sample's answer gave. `answer`: what follows the thinking. Where the system
// lacks memory or threads the outcome is sandbox_error; any other failure of the grader is an Error
// with benchmark and question.
void apply_grade(const Grader& grader, const Question& question, const std::string& answer,
                 Sample& sample);

}  // namespace quantrial
