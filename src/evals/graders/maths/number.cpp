#include "evals/graders/maths/number.h"

#include "evals/graders/maths/answer.h"

namespace quantrial::maths {

std::optional<Rational> number_of(std::string_view text) {
  const auto tokens = tokens_of(text, Commas::group);
  if (!tokens || tokens->empty()) return std::nullopt;
  const Answer answer = read_answer(*tokens);
  const bool equation =
      answer.kind == AnswerKind::relation && !answer.signs.empty() && answer.signs.back() == "=";
  const Answer& value = equation ? answer.parts.back() : answer;
  if (value.kind != AnswerKind::value) return std::nullopt;
  return exact_value(value.value);
}

}  // namespace quantrial::maths
