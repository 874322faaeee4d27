#include "evals/graders/extracted.h"

namespace quantrial {

Grade ExtractedAnswerGrader::grade(const Question& question, std::string_view reply) const {
  const std::string gold = gold_.of(question);
  const auto compared = [&](const std::string& answer) { return compare(question, gold, answer); };
  Grade grade;
  const auto is_one = [&](const std::string& answer) { return is_answer(question, answer); };
  if (const auto answer = extraction_.strict(reply, is_one)) {
    const AnswerComparison comparison = compared(*answer);
    grade = {.verdict = comparison.same ? Verdict::right : Verdict::wrong,
             .answer = shown(question, *answer),
             .detail = comparison.detail};
  }
  if (extraction_.has_lenient()) {
    const auto answer = extraction_.lenient(reply, is_one);
    grade.scores["lenient"] = answer && compared(*answer).same ? 1 : 0;
  }
  return grade;
}

bool ExtractedAnswerGrader::same(const std::string& a, const std::string& b) const {
  return a == b || same_answers(a, b);
}

}  // namespace quantrial
