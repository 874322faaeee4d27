#include "evals/evaluation_loop.h"

#include "base/error.h"

namespace quantrial {
namespace {

// The queue as the thread of work() sees it: shows progress and asks for an interruption in
// passing.
class Watched : public WorkQueue {
 public:
  Watched(Evaluation& evaluation, const EvaluationWatch& watch)
      : evaluation_(evaluation), watch_(watch) {}

  std::optional<Ask> next() override { return evaluation_.next(); }
  void done(uint64_t ticket, Reply reply) override { evaluation_.done(ticket, std::move(reply)); }
  bool stopped() override {
    if (watch_.interrupted()) evaluation_.stop();
    watch_.show(evaluation_.progress());
    return evaluation_.stopped();
  }

 private:
  Evaluation& evaluation_;
  const EvaluationWatch& watch_;
};

}  // namespace

std::exception_ptr run_evaluation(Answerer& answerer, Evaluation& evaluation,
                                  const EvaluationWatch& watch) {
  Watched queue(evaluation, watch);
  std::exception_ptr failure;
  try {
    answerer.work(queue);
  } catch (const std::exception&) {
    failure = std::current_exception();
    evaluation.stop();
  }
  constexpr auto now_and_then = std::chrono::milliseconds(100);
  while (!evaluation.is_graded(now_and_then)) {
    watch.show(evaluation.progress());
    if (watch.interrupted()) evaluation.drop_ungraded();
  }
  evaluation.finish();
  watch.show(evaluation.progress());
  return failure;
}

std::vector<std::string> missing_scores(const std::vector<EvaluationProgress>& progress) {
  std::vector<std::string> lines;
  for (const EvaluationProgress& p : progress) {
    const int64_t errors = p.transport_errors + p.sandbox_errors;
    if (errors == 0) continue;
    lines.push_back(fmt::format("{}: {} samples not scored ({})", p.benchmark, errors,
                                escaped(p.last_error, 300)));
  }
  return lines;
}

}  // namespace quantrial
