// The fields of a question as a grader needs them, read strictly.
#pragma once

#include <string>
#include <string_view>

#include "evals/question.h"

namespace quantrial {

// Of one question, which must outlive it. All throw Error with benchmark, question, field, value
// and remedy when a field is absent (and has no fallback) or of another type.
class QuestionFields {
 public:
  // `where` names benchmark and grader.
  QuestionFields(const Question& question, std::string_view where)
      : question_(question), where_(where) {}

  bool has(const std::string& field) const { return question_.fields.contains(field); }
  std::string text(const std::string& field) const;
  std::string text(const std::string& field, const std::string& fallback) const;
  double number(const std::string& field, double fallback) const;
  const nlohmann::ordered_json& list(const std::string& field) const;
  // Of any type: a text as it is, else as JSON.
  std::string as_text(const std::string& field) const;

  // "humaneval: grading (python-check): question 'HumanEval/3'"
  std::string where() const;
  // What is wrong with a field, or with a value within it, and what to give.
  [[noreturn]] void refuse(const std::string& field, const nlohmann::ordered_json& value,
                           std::string_view remedy) const;

 private:
  const nlohmann::ordered_json& value(const std::string& field) const;

  const Question& question_;
  std::string_view where_;
};

}  // namespace quantrial
