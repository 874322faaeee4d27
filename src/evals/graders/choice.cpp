#include "evals/graders/choice.h"

#include <algorithm>
#include <cctype>

#include "evals/graders/extracted.h"
#include "evals/graders/letter.h"
#include "evals/graders/question_fields.h"

namespace quantrial {
namespace {

constexpr std::string_view referring[] = {"no", "all", "both", "either", "neither", "any"};

class ChoiceGrader : public ExtractedAnswerGrader {
 public:
  ChoiceGrader(const GraderOptions& options, std::string list)
      : ExtractedAnswerGrader(options, {"json", "answer-line", "boxed"}),
        list_(std::move(list)),
        where_(options.where()) {}
  std::string version() const override { return "choice 2"; }

 protected:
  AnswerComparison compare(const Question& question, const std::string& gold,
                           const std::string& answer) const override {
    const auto letter = letter_in(question, answer);
    if (!letter) return {false, "no letter of an option"};
    return {std::string(1, *letter) == gold};
  }
  // "If you have another answer: tell me" is none; a letter, or several of them, is one.
  bool is_answer(const Question& question, const std::string& answer) const override {
    if (letter_in(question, answer)) return true;
    const std::string text = plain_option(answer);
    const bool is_word = text.size() > 1 && text[0] >= 'a' && text[0] <= 'z' &&
                         std::isalpha(static_cast<unsigned char>(text[1])) != 0;
    const auto refers = [&](std::string_view word) { return text.starts_with(word); };
    return !is_word || std::any_of(std::begin(referring), std::end(referring), refers);
  }
  std::string shown(const Question& question, const std::string& answer) const override {
    const auto letter = letter_in(question, answer);
    return letter ? std::string(1, *letter) : answer;
  }

 private:
  // The option that is given word for word (a single character is always its letter), or the
  // letter, perhaps with its option.
  std::optional<char> letter_in(const Question& question, const std::string& answer) const {
    const auto& options = QuestionFields(question, where_).list(list_);
    const std::string text = plain_option(answer);
    for (size_t i = 0; i < options.size() && i < 26 && answer.size() > 1 && text.size() > 1; ++i) {
      const std::string option = field_text(options[i]);
      if (option == answer || plain_option(option) == text) return static_cast<char>('A' + i);
    }
    const auto count = options.size();
    const auto both = letter_and_text_of(answer);
    if (both && static_cast<size_t>(both->letter - 'A') < count &&
        plain_option(field_text(options[static_cast<size_t>(both->letter - 'A')])) == both->text) {
      return both->letter;
    }
    const auto letter = letter_of(answer);
    if (letter && static_cast<size_t>(*letter - 'A') < count) return letter;
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
