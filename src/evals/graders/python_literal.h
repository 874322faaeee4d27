// Python literals (ast.literal_eval without complex numbers) and their equality.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/graders/maths/rational.h"

namespace quantrial {

struct PythonLiteral {
  enum class Kind {
    none,
    ellipsis,
    number,
    infinite,
    not_a_number,
    text,
    bytes,
    list,
    tuple,
    dict,
    set
  };
  Kind kind = Kind::none;
  maths::Rational number;            // True is 1; floats are the double they stand for
  bool negative = false;             // of infinite
  std::string text;                  // UTF-8; what \x and \u stand for
  std::vector<PythonLiteral> items;  // of a dict: keys and values by turns; set, dict: in order
};

// Nothing for what is no literal, for more than 100,000 bytes, or nested too deeply.
std::optional<PythonLiteral> parse_python_literal(std::string_view text);

// Items of a set, pairs of a dict by value, each once; of a key that is there twice the last value.
void put_in_order(PythonLiteral& literal);

// a == b in Python; sets and dicts in order.
bool operator==(const PythonLiteral& a, const PythonLiteral& b);

}  // namespace quantrial
