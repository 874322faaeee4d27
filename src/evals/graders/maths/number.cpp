#include "evals/graders/maths/number.h"

#include "evals/graders/maths/assignment.h"

namespace quantrial::maths {

std::optional<Rational> number_of(std::string_view text) {
  const auto tokens = tokens_of(text, Commas::group);
  if (!tokens || tokens->empty()) return std::nullopt;
  const Answer answer = read_answer(*tokens);
  const Answer* side = assigned(answer);
  const Answer& value = side ? *side : answer;
  if (value.kind != AnswerKind::value) return std::nullopt;
  return exact_value(value.value);
}

}  // namespace quantrial::maths
