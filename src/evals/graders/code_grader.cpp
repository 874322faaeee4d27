#include "evals/graders/code_grader.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "evals/graders/options.h"

namespace quantrial {
namespace {

constexpr int tries = 3;  // when the sandbox does not come up

}  // namespace

std::string CodeGrader::field(const Question& question, const std::string& name) const {
  return field_of(question.fields, name, where(question));
}

Grade CodeGrader::grade(const Question& question, std::string_view answer) const {
  if (!search_.sandbox) return grade_of({CodeVerdict::sandbox, search_.obstacle}, "");
  const std::optional<std::string> code = code_of(question, answer);
  if (!code) return no_code();
  CodeResult result;
  for (int i = 0; i < tries && result.verdict == CodeVerdict::sandbox; ++i) {
    result = run(question, *code);
  }
  Grade grade = grade_of(result, *code);
  add_scores(question, result, grade);
  return grade;
}

std::optional<std::string> CodeGrader::obstacle(std::span<const Question> questions) const {
  if (!search_.sandbox) return search_.obstacle;
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::optional<std::string> trouble;
  const auto work = [&] {
    for (size_t i; (i = next++) < questions.size();) {
      std::string said;
      try {
        const auto answer = reference_answer(questions[i]);
        if (!answer) continue;
        const Grade graded = grade(questions[i], *answer);
        if (graded.verdict == Verdict::right) continue;
        said = fmt::format("{}: the suite's own solution is graded {}", where(questions[i]),
                           graded.detail);
      } catch (const Error& error) {
        said = error.what();
      }
      const std::lock_guard lock(mutex);
      if (!trouble) trouble = said;
      next = questions.size();
    }
  };
  {
    std::vector<std::jthread> threads;
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned t = 0; t < cores; ++t) threads.emplace_back(work);
  }
  return trouble;
}

}  // namespace quantrial
