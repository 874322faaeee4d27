#include "evals/graders/choice.h"

#include "evals/graders/extracted.h"
#include "evals/graders/letter.h"
#include "evals/graders/question_fields.h"

namespace quantrial {
namespace {

class ChoiceGrader : public ExtractedAnswerGrader {
 public:
  ChoiceGrader(const GraderOptions& options, std::string list)
      : ExtractedAnswerGrader(options, {"json", "answer-line", "boxed"}),
        list_(std::move(list)),
        where_(options.where()) {}
  std::string version() const override { return "choice 1"; }

 protected:
  AnswerComparison compare(const Question& question, const std::string& gold,
                           const std::string& answer) const override {
    const auto letter = letter_in(question, answer);
    if (!letter) return {false, "no letter of an option"};
    return {std::string(1, *letter) == gold};
  }
  std::string shown(const Question& question, const std::string& answer) const override {
    const auto letter = letter_in(question, answer);
    return letter ? std::string(1, *letter) : answer;
  }

 private:
  // The option that is given word for word (a single character is always its letter), or the
  // letter.
  std::optional<char> letter_in(const Question& question, const std::string& answer) const {
    const auto& options = QuestionFields(question, where_).list(list_);
    for (size_t i = 0; i < options.size() && i < 26 && answer.size() > 1; ++i) {
      if (field_text(options[i]) == answer) return static_cast<char>('A' + i);
    }
    const auto letter = letter_of(answer);
    if (letter && static_cast<size_t>(*letter - 'A') < options.size()) return letter;
    return std::nullopt;
  }

  std::string list_, where_;
};

}  // namespace

std::unique_ptr<Grader> make_choice_grader(const GradingRule& rule, const std::string& where) {
  auto options = rule.options;
  if (!options.contains("field")) options["field"] = "letter";
  const GraderOptions checked(options, where, {"field", "options", "extract", "lenient"});
  return std::make_unique<ChoiceGrader>(checked, checked.text("options", "options"));
}

}  // namespace quantrial
