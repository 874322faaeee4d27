#include "apps/eval_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/seconds_since.h"

namespace quantrial {
namespace {

std::string accuracy(const EvaluationProgress& p) {
  if (p.scored == 0) return "nothing scored";
  return fmt::format("{:.1f} % right",
                     100 * static_cast<double>(p.right) / static_cast<double>(p.scored));
}

EvaluationProgress sum(const std::vector<EvaluationProgress>& all) {
  EvaluationProgress s;
  for (const EvaluationProgress& p : all) {
    s.done += p.done;
    s.total += p.total;
    s.scored += p.scored;
    s.right += p.right;
    s.generated_tokens += p.generated_tokens;
  }
  return s;
}

}  // namespace

EvalProgress::~EvalProgress() { show_notes(); }

void EvalProgress::note(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (wish_ == Wish::quiet) {
    line_.print(line);
  } else {
    notes_.push_back(line);
  }
}

void EvalProgress::show_notes() {
  std::vector<std::string> notes;
  {
    const std::lock_guard lock(mutex_);
    notes.swap(notes_);
  }
  for (const std::string& note : notes) line_.print(note);
}

void EvalProgress::start(const std::vector<EvaluationProgress>& all) {
  start_ = Clock::now();
  for (const EvaluationProgress& p : all) done_before_.push_back(p.done);
}

// "arith 12/80, 41.7 % right, 230 tok/s, 3 min left"
std::string EvalProgress::of(const EvaluationProgress& p, int64_t done_before) const {
  const double elapsed = std::max(seconds_since(start_), 1e-3);
  std::string text = fmt::format("{} {}/{}, {}, {:.0f} tok/s", p.benchmark, p.done, p.total,
                                 accuracy(p), static_cast<double>(p.generated_tokens) / elapsed);
  const int64_t gained = p.done - done_before;
  if (gained > 0) {
    text += fmt::format(", {} left", duration_text(elapsed * static_cast<double>(p.total - p.done) /
                                                   static_cast<double>(gained)));
  }
  return text;
}

void EvalProgress::show(const std::vector<EvaluationProgress>& all) {
  if (wish_ == Wish::quiet) return;
  if (done_before_.empty()) start(all);
  show_notes();
  const EvaluationProgress s = sum(all);
  const double done =
      static_cast<double>(s.done) / static_cast<double>(std::max<int64_t>(s.total, 1));
  if (!line_.due(done)) return;
  const double elapsed = std::max(seconds_since(start_), 1e-3);
  std::string each;
  for (size_t i = 0; i < all.size(); ++i) {
    const EvaluationProgress& p = all[i];
    if (all.size() < 2 || p.done == p.total) continue;
    if (line_.is_rewritten()) {
      each += fmt::format("; {} {}/{}, {}", p.benchmark, p.done, p.total, accuracy(p));
    } else {
      line_.print("eval: " + of(p, done_before_[i]));
    }
  }
  line_.show(done,
             fmt::format("{}/{} samples, {}, {:.0f} tok/s", s.done, s.total, accuracy(s),
                         static_cast<double>(s.generated_tokens) / elapsed),
             each);
}

}  // namespace quantrial
