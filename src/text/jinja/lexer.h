// Template source to tokens, as Jinja2's lexer does with trim_blocks and lstrip_blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantrial::jinja {

enum class TokenType {
  data,            // text between tags
  block_begin,     // {%
  block_end,       // %}
  variable_begin,  // {{
  variable_end,    // }}
  name,
  text,     // a string literal, its escapes resolved
  integer,  // decimal digits
  floating,
  symbol,  // an operator or a bracket
  end,
};

struct Token {
  TokenType type;
  std::string text;
  int line;  // from 1
};

// Ends with a token of type `end`. Throws Error naming the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace quantrial::jinja
