#include "evals/graders/normalised.h"

#include <algorithm>
#include <cctype>

#include "evals/graders/extracted.h"
#include "evals/graders/letter.h"
#include "evals/graders/maths/number.h"

namespace quantrial {
namespace {

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Words in small letters with a blank between them; for text without letters and digits, its signs
// alone.
std::string normal_form(std::string_view text) {
  constexpr std::string_view dropped = "*`$\"";
  std::string unescaped;  // \{ is {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() &&
                        std::string_view("{}").find(text[i + 1]) != std::string_view::npos;
    if (!escape) unescaped += text[i];
  }
  text = unescaped;
  const bool only_signs = std::none_of(text.begin(), text.end(), is_alphanumeric);
  std::string form;
  for (const char c : text) {
    if (dropped.find(c) != std::string_view::npos) continue;
    const bool blank = std::isspace(static_cast<unsigned char>(c)) || c == ',';
    if (!blank) {
      form += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!only_signs && !form.empty() && form.back() != ' ') {
      form += ' ';
    }
  }
  while (!form.empty() && (form.back() == ' ' || form.back() == '.')) form.pop_back();
  return form;
}

bool is_letter_gold(std::string_view gold) {
  return gold.size() == 3 && gold[0] == '(' && gold[2] == ')';
}

class NormalisedGrader : public ExtractedAnswerGrader {
 public:
  explicit NormalisedGrader(const GraderOptions& options)
      : ExtractedAnswerGrader(options, {"answer-line", "boxed"}) {}
  std::string version() const override { return "normalised 2"; }

 protected:
  AnswerComparison compare(const Question&, const std::string& gold,
                           const std::string& answer) const override {
    if (is_letter_gold(gold)) return {letter_of(answer) == gold[1]};
    if (normal_form(gold) == normal_form(answer)) return {true};
    const auto wanted = maths::number_of(gold);
    const auto given = wanted ? maths::number_of(answer) : std::nullopt;
    return {wanted && given && *wanted == *given};
  }
  bool same_answers(const std::string& a, const std::string& b) const override {
    const auto letter = letter_of(a);
    return (letter && letter == letter_of(b)) || normal_form(a) == normal_form(b);
  }
};

}  // namespace

std::unique_ptr<Grader> make_normalised_grader(const GradingRule& rule, const std::string& where) {
  return std::make_unique<NormalisedGrader>(
      GraderOptions(rule.options, where, {"field", "extract", "lenient"}));
}

}  // namespace quantrial
