// Words around a number: which leave it alone, which change it, and which make it another answer.
#pragma once

#include <cstdint>
#include <string_view>

namespace quantrial::maths {

enum class Lead {
  plain,     // "about", "the answer is"
  negative,  // "negative", "the answer is minus"
  other,     // "not", "at least", "half of"
};
// Of the words before a number.
Lead lead_of(std::string_view words);

struct Unit {
  bool understood = false;  // a plain noun phrase: no "or more", "squared", "is not a solution"
  int64_t factor = 1;       // of "hundred", "dozen", "million dollars"
  bool percent = false;
};
// Of the words behind a number.
Unit unit_of(std::string_view words);

}  // namespace quantrial::maths
