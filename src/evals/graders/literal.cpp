#include "evals/graders/literal.h"

#include "evals/graders/extracted.h"
#include "evals/graders/python_literal.h"

namespace quantrial {
namespace {

constexpr int most_tries = 50;

// The text, or what follows the first "==" behind which there is a literal: arguments and strings
// may hold "==" as well.
std::optional<PythonLiteral> literal_of(std::string_view answer) {
  std::optional<PythonLiteral> literal = parse_python_literal(answer);
  for (int i = 0; i < most_tries && !literal; ++i) {
    const size_t equals = answer.find("==");
    if (equals == std::string_view::npos) break;
    answer.remove_prefix(equals + 2);
    literal = parse_python_literal(answer);
  }
  return literal;
}

// Without a code fence around it.
std::string_view unfenced(std::string_view answer) {
  if (!answer.starts_with("```")) return answer;
  answer.remove_prefix(std::min(answer.find('\n'), answer.size()));
  return answer.substr(0, answer.rfind("```"));
}

class LiteralGrader : public ExtractedAnswerGrader {
 public:
  explicit LiteralGrader(const GraderOptions& options) : ExtractedAnswerGrader(options, {"tag"}) {}
  std::string version() const override { return "literal 2"; }

 protected:
  AnswerComparison compare(const Question&, const std::string& gold,
                           const std::string& answer) const override {
    const auto wanted = parse_python_literal(gold);
    if (!wanted)
      return {gold == answer, "undecided: the gold answer is no literal that is understood"};
    const auto given = literal_of(unfenced(answer));
    if (!given) return {false, "no Python literal"};
    return {*wanted == *given};
  }
  bool same_answers(const std::string& a, const std::string& b) const override {
    const auto literal_a = literal_of(unfenced(a)), literal_b = literal_of(unfenced(b));
    return literal_a && literal_b && *literal_a == *literal_b;
  }
};

}  // namespace

std::unique_ptr<Grader> make_literal_grader(const GradingRule& rule, const std::string& where) {
  auto options = rule.options;
  if (!options.contains("field")) options["field"] = "output";
  return std::make_unique<LiteralGrader>(
      GraderOptions(options, where, {"field", "after", "extract", "lenient"}));
}

}  // namespace quantrial
