#include "evals/votes.h"

namespace quantrial {
namespace {

// The wrong answers of one question so far.
class Classes {
 public:
  explicit Classes(const Grader& grader) : grader_(grader) {}

  std::optional<int64_t> vote(const Sample& sample) {
    if (sample.correct.value_or(false)) return 0;
    if (!sample.answer || sample.outcome != Outcome::answered) return std::nullopt;
    for (size_t i = 0; i < answers_.size(); ++i) {
      if (grader_.same(answers_[i], *sample.answer)) return static_cast<int64_t>(i) + 1;
    }
    answers_.push_back(*sample.answer);
    return static_cast<int64_t>(answers_.size());
  }

 private:
  const Grader& grader_;
  std::vector<std::string> answers_;
};

}  // namespace

void store_votes(SampleStore& store, const RunRecord& run, const Grader& grader) {
  std::vector<Sample> changed;
  std::string question;
  std::optional<Classes> classes;
  store.for_each(run, [&](Sample sample) {
    if (!classes || sample.question != question) {
      question = sample.question;
      classes.emplace(grader);
    }
    const std::optional<int64_t> vote = classes->vote(sample);
    if (vote == sample.vote) return;
    sample.vote = vote;
    changed.push_back(std::move(sample));
  });
  store.put(changed);
}

}  // namespace quantrial
