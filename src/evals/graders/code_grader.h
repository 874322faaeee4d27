// What graders that run code have in common: the sandbox, found once a grader, and the suite's own
// solutions, run before anything is asked.
#pragma once

#include "evals/code/code_verdict.h"
#include "evals/graders/grader.h"
#include "evals/graders/question_fields.h"
#include "sandbox/sandbox.h"

namespace quantrial {

class CodeGrader : public Grader {
 public:
  explicit CodeGrader(std::string where) : where_(std::move(where)) {}

  using Grader::obstacle;
  std::optional<std::string> obstacle(std::span<const Question> questions,
                                      const ObstacleWatch& watch) const override;
  void stop() const override {
    if (search_.sandbox) search_.sandbox->close();
  }
  // With the score {"verdict": "WA"}, and those that add_scores() adds.
  Grade grade(const Question& question, std::string_view answer) const final;

 protected:
  const Sandbox& sandbox() const { return *search_.sandbox; }
  QuestionFields fields(const Question& question) const { return {question, where_}; }

  // What is wrong with the suite's own solution; none: nothing, or it has none.
  virtual std::optional<std::string> reference_trouble(const Question& question) const = 0;
  // The program in an answer.
  virtual std::optional<std::string> code_of(const Question& question,
                                             std::string_view answer) const = 0;
  virtual CodeResult run(const Question& question, const std::string& code) const = 0;
  // Further figures of a result; the same ones for every result, also where there is no code.
  virtual void add_scores(const Question&, const CodeResult&, Grade&) const {}

 private:
  CodeResult result_of(const Question& question, const std::string& code) const;

  std::string where_;
  const SandboxSearch search_ = find_sandbox();
};

// A program as an answer gives it.
inline std::string fenced(const std::string& program) {
  return "```python\n" + program + "\n```\n";
}

}  // namespace quantrial
