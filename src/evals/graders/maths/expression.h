// What an answer says as a tree, and the parser of LaTeX and plain formulas that makes it.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "evals/graders/maths/rational.h"
#include "evals/graders/maths/tokens.h"

namespace quantrial::maths {

enum class Operation {
  number,  // .number
  symbol,  // .name: a variable, or "pi", "e", "i", "infinity"
  sum,     // of any number of arguments
  product,
  quotient,
  power,
  root,  // (radicand, degree)
  negation,
  factorial,
  percent,   // of its argument
  degrees,   // of its argument: an angle within sin and the like, else the number alone
  function,  // .name of its arguments; log has the base as its second argument
  binomial,
};

struct Expression {
  Operation operation = Operation::number;
  std::string name;
  Rational number;
  std::vector<Expression> arguments;
};

// Nothing when the tokens are no formula that we know.
std::optional<Expression> parse_expression(std::span<const Token> tokens);

// Symbols without pi, e, i and infinity.
std::set<std::string> variables(const Expression& expression);

// The value, when it follows from +, -, *, /, whole powers, factorials and binomials of numbers.
std::optional<Rational> exact_value(const Expression& expression);

}  // namespace quantrial::maths
