#include "evals/graders/exact.h"

#include "base/strip.h"
#include "evals/graders/options.h"
#include "evals/graders/question_fields.h"

namespace quantrial {
namespace {

class ExactGrader : public Grader {
 public:
  ExactGrader(std::string field, std::string prefix, std::string where)
      : field_(std::move(field)), prefix_(std::move(prefix)), where_(std::move(where)) {}

  Grade grade(const Question& question, std::string_view answer) const override {
    std::string_view given = stripped(answer);
    if (!prefix_.empty() && given.starts_with(prefix_)) {
      given = stripped(given.substr(prefix_.size()));
    }
    if (given.empty()) return {};
    const bool right = given == QuestionFields(question, where_).as_text(field_);
    return {.verdict = right ? Verdict::right : Verdict::wrong, .answer = std::string(given)};
  }
  std::string version() const override { return "exact 1"; }

 private:
  std::string field_, prefix_, where_;
};

}  // namespace

std::unique_ptr<Grader> make_exact_grader(const GradingRule& rule, const std::string& where) {
  const GraderOptions options(rule.options, where, {"field", "prefix"});
  return std::make_unique<ExactGrader>(options.text("field", "answer"), options.text("prefix", ""),
                                       where);
}

}  // namespace quantrial
