#include "evals/graders/math.h"

#include <algorithm>

#include "evals/graders/extracted.h"
#include "evals/graders/maths/equal_answers.h"
#include "evals/graders/maths/number.h"

namespace quantrial {
namespace {

using maths::Equality;

class MathGrader : public ExtractedAnswerGrader {
 public:
  explicit MathGrader(const GraderOptions& options) : ExtractedAnswerGrader(options, {"boxed"}) {}
  std::string version() const override { return "math 2"; }

 protected:
  AnswerComparison compare(const Question&, const std::string& gold,
                           const std::string& answer) const override {
    const Equality equality = maths::equal_answers(gold, answer);
    return {equality == Equality::same,
            equality == Equality::undecided ? "undecided: not a form that is understood" : ""};
  }
  bool same_answers(const std::string& a, const std::string& b) const override {
    return maths::equal_answers(a, b) == Equality::same ||
           maths::equal_answers(b, a) == Equality::same;
  }
};

class NumberGrader : public ExtractedAnswerGrader {
 public:
  explicit NumberGrader(const GraderOptions& options) : ExtractedAnswerGrader(options, {"boxed"}) {}
  std::string version() const override { return "number 2"; }

 protected:
  AnswerComparison compare(const Question&, const std::string& gold,
                           const std::string& answer) const override {
    return {same_answers(gold, answer), maths::number_of(answer) ? "" : "not a number"};
  }
  bool same_answers(const std::string& a, const std::string& b) const override {
    const auto number_a = maths::number_of(a), number_b = maths::number_of(b);
    return number_a && number_b && *number_a == *number_b;
  }
};

}  // namespace

std::unique_ptr<Grader> make_math_grader(const GradingRule& rule, const std::string& where) {
  return std::make_unique<MathGrader>(
      GraderOptions(rule.options, where, {"field", "after", "extract", "lenient"}));
}

std::unique_ptr<Grader> make_number_grader(const GradingRule& rule, const std::string& where) {
  return std::make_unique<NumberGrader>(
      GraderOptions(rule.options, where, {"field", "after", "extract", "lenient"}));
}

}  // namespace quantrial
