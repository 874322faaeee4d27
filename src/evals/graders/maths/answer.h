// An answer as its writer meant it: a value with its unit, a list, an interval, an equation, ...
#pragma once

#include "evals/graders/maths/expression.h"

namespace quantrial::maths {

enum class AnswerKind {
  value,       // .value, perhaps .percent
  words,       // .text
  list,        // 1, 2 or 3; also 1 \pm 2
  set,         // \{1, 2\}
  tuple,       // (1, 2], [1, 2, 3], \langle 1, 2 \rangle: also intervals; .open, .close
  united,      // (1, 2) \cup (3, 4)
  matrix,      // .parts by rows, .columns
  relation,    // .parts with .signs between them: x = 5, 1 <= x < 2
  compound,    // 1 hour 30 minutes: .parts
  builder,     // {2n : n in Z}: .parts are the element and the condition
  based,       // 204_5: .parts is the number as written
  unreadable,  // .text only
};

struct Answer {
  AnswerKind kind = AnswerKind::unreadable;
  std::string text;  // all tokens, but for brackets, units and `x \in` around them
  Expression value;
  bool percent = false;
  std::string open, close;
  std::vector<std::string> signs;
  size_t columns = 0;
  std::vector<Answer> parts;
};

Answer read_answer(std::span<const Token> tokens);

}  // namespace quantrial::maths
