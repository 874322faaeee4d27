// What graders that run code have in common: the sandbox, found once, and the suite's own
// solutions, run before anything is asked.
#pragma once

#include "evals/code/code_verdict.h"
#include "evals/graders/grader.h"
#include "sandbox/sandbox.h"

namespace quantrial {

class CodeGrader : public Grader {
 public:
  explicit CodeGrader(std::string where) : where_(std::move(where)) {}

  std::optional<std::string> obstacle(std::span<const Question> questions) const override;
  Grade grade(const Question& question, std::string_view answer) const final;

 protected:
  const Sandbox& sandbox() const { return *search_.sandbox; }
  // "humaneval: grading (python-check): HumanEval/3"
  std::string where(const Question& question) const { return where_ + ": " + question.id; }
  std::string field(const Question& question, const std::string& name) const;

  // An answer that the suite gives for right; none: it has none.
  virtual std::optional<std::string> reference_answer(const Question& question) const = 0;
  // The program in an answer.
  virtual std::optional<std::string> code_of(const Question& question,
                                             std::string_view answer) const = 0;
  virtual CodeResult run(const Question& question, const std::string& code) const = 0;
  // Further figures of a result.
  virtual void add_scores(const Question&, const CodeResult&, Grade&) const {}

 private:
  std::string where_;
  const SandboxSearch search_ = find_sandbox();
};

// A program as an answer gives it.
inline std::string fenced(const std::string& program) {
  return "```python\n" + program + "\n```\n";
}

}  // namespace quantrial
