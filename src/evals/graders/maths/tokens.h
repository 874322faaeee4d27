// An answer (LaTeX, or plain text as models write it) cut into tokens. What only lays out is
// dropped (\left, \,, $, \displaystyle), what means the same becomes the same (\dfrac is frac, ≤ is
// <=, \cdot is *).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantrial::maths {

enum class TokenKind {
  number,     // "12", "0.5", "1000" from 1{,}000; text: digits, then "~" and digits that repeat
  symbol,     // a letter, "alpha", "pi", "infinity"
  function,   // "sin", "log", "max"
  word,       // what \text{} holds, or a run of plain letters that is no product: units, names
  command,    // "frac", "sqrt", "binom", "begin", "end", "degrees"
  separator,  // "or", "and"
  open,       // ( [ { {{ (a set's) < (\langle) floor ceil
  close,      // ) ] } }} > floor ceil
  sign,       // + - * / ^ _ , ; : = < > <= >= != ~= ! % & | in cup cap without \\ +- -+ ' ...
};

struct Token {
  TokenKind kind = TokenKind::sign;
  std::string text;
  bool space_before = false;

  bool is(TokenKind k, std::string_view t) const { return kind == k && text == t; }
  bool is_sign(std::string_view t) const { return is(TokenKind::sign, t); }
};
using Tokens = std::vector<Token>;

enum class Commas {
  group,     // 1,234 is a number
  separate,  // 1,234 are two
};

// Nothing when the text is longer than an answer can be, or nested too deeply.
std::optional<Tokens> tokens_of(std::string_view text, Commas commas);

// Their texts with blanks between them.
std::string joined(std::span<const Token> tokens);

// Symbols that published answers write in Unicode, as LaTeX or ASCII.
std::string without_unicode(std::string_view text);

}  // namespace quantrial::maths
