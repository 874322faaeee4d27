#include "evals/graders/maths/quantity.h"

#include <algorithm>

#include "evals/graders/maths/wording.h"

namespace quantrial::maths {
namespace {

using Span = std::span<const Token>;

bool is_word(const Token& token) { return token.kind == TokenKind::word; }

// Tokens as they were written, roughly: letters that were one word are one word.
std::string phrase(Span tokens) {
  std::string text;
  for (const Token& token : tokens) {
    const bool apart = token.space_before || is_word(token);
    text += (apart ? " " : "") + token.text + (is_word(token) ? " " : "");
  }
  return text;
}

// Cut where a number follows a word: 1 hour 30 minutes.
std::vector<Span> quantities(Span tokens) {
  std::vector<Span> parts;
  size_t from = 0;
  for (size_t i = 1; i < tokens.size(); ++i) {
    const bool number = tokens[i].kind == TokenKind::number || tokens[i].text == "frac";
    if (!number || !is_word(tokens[i - 1]) || tokens[i - 1].text.ends_with("mod")) continue;
    parts.push_back(tokens.subspan(from, i - from));
    from = i;
  }
  parts.push_back(tokens.subspan(from));
  return parts;
}

// cm^2, miles per hour, m/s: words, letters, exponents and signs between them. Whatever follows
// "mod" belongs to it.
bool is_unit(Span tokens) {
  const bool modulus = !tokens.empty() && tokens[0].text.find("mod") != std::string::npos;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& t = tokens[i];
    const bool raised =
        i > 0 && (tokens[i - 1].is_sign("^") ||
                  (i > 1 && (tokens[i - 2].is_sign("^") || tokens[i - 1].is_sign("-"))));
    const bool part = t.kind == TokenKind::word || t.kind == TokenKind::symbol ||
                      t.kind == TokenKind::open || t.kind == TokenKind::close ||
                      (t.kind == TokenKind::number && (raised || modulus)) || t.is_sign("/") ||
                      t.is_sign("^") || t.is_sign("*") || t.is_sign("-") || t.is_sign(".");
    if (!part) return false;
  }
  return true;
}

// A value with a unit; only words when the unit is none.
Answer quantity(Span tokens) {
  const auto word = std::find_if(tokens.begin(), tokens.end(), is_word);
  const Span behind(word, tokens.end());
  const Unit unit = unit_of(phrase(behind));
  Answer answer;
  if (!unit.understood) {
    answer.kind = AnswerKind::words;
    answer.text = joined(tokens);
    return answer;
  }
  if (!is_unit(behind)) return answer;
  answer = read_answer(Span(tokens.begin(), word));
  answer.percent |= unit.percent;
  if (unit.factor == 1 || answer.kind != AnswerKind::value) return answer;
  answer.text.clear();
  answer.value = {Operation::product,
                  {},
                  {},
                  {answer.value, {Operation::number, {}, Rational(unit.factor), {}}}};
  return answer;
}

void compound(const std::vector<Span>& parts, Answer& answer) {
  for (const Span part : parts) {
    answer.parts.push_back(quantity(part));
    const bool has_unit = std::any_of(part.begin(), part.end(), is_word);
    if (has_unit && answer.parts.back().kind == AnswerKind::value) continue;
    answer.parts.clear();
    answer.kind = AnswerKind::words;
    return;
  }
  answer.kind = AnswerKind::compound;
}

void negate(Answer& answer) {
  if (answer.kind == AnswerKind::value) {
    answer.value = {Operation::negation, {}, {}, {answer.value}};
  } else {
    answer = {};
    answer.kind = AnswerKind::words;
  }
  answer.text.clear();
}

}  // namespace

bool read_words(Span& tokens, Answer& answer) {
  const auto first = std::find_if_not(tokens.begin(), tokens.end(), is_word);
  const bool has_number = std::any_of(tokens.begin(), tokens.end(),
                                      [](const Token& t) { return t.kind == TokenKind::number; });
  const Span before(tokens.begin(), first);
  const Lead lead = has_number ? lead_of(phrase(before)) : Lead::plain;
  if (first == tokens.end() || (!before.empty() && !has_number) || lead == Lead::other) {
    answer.kind = AnswerKind::words;
    return true;
  }
  const Span rest = tokens.subspan(before.size());
  const std::vector<Span> parts = quantities(rest);
  const bool has_unit = std::any_of(rest.begin(), rest.end(), is_word);
  if (!has_unit && lead == Lead::plain) {
    tokens = rest;
    return false;
  }
  if (parts.size() > 1) {
    compound(parts, answer);
  } else {
    answer = has_unit ? quantity(rest) : read_answer(rest);
  }
  if (lead == Lead::negative) negate(answer);
  return true;
}

}  // namespace quantrial::maths
