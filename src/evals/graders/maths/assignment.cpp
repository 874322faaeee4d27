#include "evals/graders/maths/assignment.h"

#include <algorithm>

namespace quantrial::maths {
namespace {

Expression scaled(const Expression& e, Operation operation, int64_t factor) {
  return {operation, {}, {}, {e, {Operation::number, {}, Rational(factor), {}}}};
}

// x, AB, f(x), f^{-1}(x), (x, y), a word: what a value is given to. No numbers, no sums.
bool is_name(const Answer& a) {
  if (a.kind == AnswerKind::tuple) return std::all_of(a.parts.begin(), a.parts.end(), is_name);
  if (a.kind == AnswerKind::words) {
    return a.text.find_first_of("0123456789") == std::string::npos;
  }
  if (a.kind != AnswerKind::value && a.kind != AnswerKind::unreadable) return false;
  std::string text = a.text;
  for (const std::string_view inverse : {"^ { - 1 } ", "^ - 1 "}) {
    if (const size_t at = text.find(inverse); at != std::string::npos) {
      text.erase(at, inverse.size());
    }
  }
  for (size_t at; (at = text.find("_ ")) != std::string::npos;) {  // subscripts
    const size_t end = text.compare(at + 2, 1, "{") == 0 ? text.find('}', at) : at + 2;
    text.erase(at, std::min(end, text.size()) - at + 1);
  }
  return text.find_first_of("0123456789+-*/") == std::string::npos;
}

// 10/2 = 5, 5! = 120: constants that are all equal.
bool is_true_of_constants(const Answer& a) {
  for (size_t i = 0; i < a.parts.size(); ++i) {
    if (a.parts[i].kind != AnswerKind::value || !variables(a.parts[i].value).empty()) return false;
    if (i > 0 && equal_values(a.parts[i - 1], a.parts[i]) != Equality::same) return false;
  }
  return true;
}

}  // namespace

Equality equal_values(const Answer& a, const Answer& b) {
  if (a.percent == b.percent) return identical(a.value, b.value);
  const Answer& percent = a.percent ? a : b;
  const Answer& other = a.percent ? b : a;
  if (identical(percent.value, other.value) == Equality::same) return Equality::same;
  return identical(scaled(percent.value, Operation::quotient, 100), other.value);
}

bool is_equation(const Answer& a) {
  return a.kind == AnswerKind::relation &&
         std::all_of(a.signs.begin(), a.signs.end(), [](auto& sign) { return sign == "="; });
}

const Answer* assigned(const Answer& a) {
  if (!is_equation(a)) return nullptr;
  if (is_name(a.parts.front())) return &a.parts.back();
  if (a.parts.size() == 2 && is_name(a.parts.back())) return &a.parts.front();
  return is_true_of_constants(a) ? &a.parts.back() : nullptr;
}

}  // namespace quantrial::maths
