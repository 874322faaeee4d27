#include "evals/graders/code_grader.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr int tries = 3;  // when the sandbox does not come up

Verdict meaning(CodeVerdict verdict) {
  switch (verdict) {
    case CodeVerdict::ok:
      return Verdict::right;
    case CodeVerdict::no_code:
      return Verdict::no_answer;
    case CodeVerdict::sandbox:
      return Verdict::not_gradable;
    default:
      return Verdict::wrong;
  }
}

Grade grade_of(const CodeResult& result) {
  Grade grade;
  grade.verdict = meaning(result.verdict);
  grade.detail = std::string(name(result.verdict));
  if (!result.detail.empty()) grade.detail += ": " + escaped(result.detail, 300);
  grade.scores["verdict"] = name(result.verdict);
  return grade;
}

}  // namespace

CodeResult CodeGrader::result_of(const Question& question, const std::string& code) const {
  CodeResult result{CodeVerdict::sandbox, search_.obstacle};
  if (!search_.sandbox) return result;
  for (int i = 0; i < tries && result.verdict == CodeVerdict::sandbox; ++i) {
    try {
      result = run(question, code);
    } catch (const SandboxShortage& shortage) {
      result.detail = shortage.what();
    }
  }
  return result;
}

Grade CodeGrader::grade(const Question& question, std::string_view answer) const {
  const std::optional<std::string> code = code_of(question, answer);
  const CodeResult result =
      code ? result_of(question, *code) : CodeResult{CodeVerdict::no_code, ""};
  Grade grade = grade_of(result);
  grade.answer = code;
  if (grade.verdict != Verdict::not_gradable) add_scores(question, result, grade);
  return grade;
}

namespace {

// Tries questions on all cores until one is in trouble, or the watch says stop.
class Rehearsal {
 public:
  using Trouble = std::function<std::optional<std::string>(const Question&)>;
  Rehearsal(std::span<const Question> questions, const ObstacleWatch& watch, const Trouble& trouble)
      : questions_(questions), watch_(watch), trouble_of_(trouble) {
    {
      std::vector<std::jthread> threads;
      const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
      for (unsigned t = 0; t < cores; ++t) threads.emplace_back([this] { work(); });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

  const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  void work() {
    for (size_t i; (i = next_++) < questions_.size();) {
      std::optional<std::string> said;
      std::exception_ptr failure;
      try {
        said = trouble_of_(questions_[i]);
      } catch (const Error& error) {
        said = error.what();
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      ++done_;
      if (said && !trouble_) trouble_ = said;
      if (failure && !failure_) failure_ = failure;
      const bool goes_on = !watch_ || watch_(done_, questions_.size());
      if (!goes_on && !trouble_) trouble_ = "stopped before the suite's own solutions had run";
      if (trouble_ || failure_) next_ = questions_.size();
    }
  }

  std::span<const Question> questions_;
  const ObstacleWatch& watch_;
  const Trouble& trouble_of_;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;  // of what follows
  size_t done_ = 0;
  std::optional<std::string> trouble_;
  std::exception_ptr failure_;
};

}  // namespace

std::optional<std::string> CodeGrader::obstacle(std::span<const Question> questions,
                                                const ObstacleWatch& watch) const {
  if (!search_.sandbox) return search_.obstacle;
  return Rehearsal(questions, watch, [this](const Question& q) { return reference_trouble(q); })
      .trouble();
}

}  // namespace quantrial
