// Progress of an evaluation: on a terminal one line that is rewritten, elsewhere lines at
// intervals.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "apps/progress.h"
#include "evals/evaluation.h"

namespace quantrial {

class EvalProgress {
 public:
  enum class Wish { shown, quiet };  // quiet: notes alone, at once
  explicit EvalProgress(Wish wish) : wish_(wish) {}
  ~EvalProgress();  // prints the notes that are left

  // Called by one thread, often.
  void show(const std::vector<EvaluationProgress>& all);
  // What people must know; from any thread, shown with the next show().
  void note(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  void start(const std::vector<EvaluationProgress>& all);
  void show_notes();
  std::string of(const EvaluationProgress& p, int64_t done_before) const;

  const Wish wish_;
  ProgressLine line_{"eval"};
  Clock::time_point start_{};
  std::vector<int64_t> done_before_;  // of each benchmark, in earlier runs
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace quantrial
