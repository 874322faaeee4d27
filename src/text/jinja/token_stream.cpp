#include "text/jinja/token_stream.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial::jinja {
namespace {

std::string shown(const Token& token) {
  switch (token.type) {
    case TokenType::block_begin:
      return "{%";
    case TokenType::block_end:
      return "%}";
    case TokenType::variable_begin:
      return "{{";
    case TokenType::variable_end:
      return "}}";
    case TokenType::end:
      return "the end of the template";
    default:
      return fmt::format("'{}'", escaped(token.text, 60));
  }
}

}  // namespace

void TokenStream::fail(std::string_view what) const {
  throw Error("line {}: {}, at {}", peek().line, what, shown(peek()));
}

const Token& TokenStream::peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token TokenStream::take() {
  Token token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenStream::at_symbol(std::string_view symbol, size_t ahead) const {
  return peek(ahead).type == TokenType::symbol && peek(ahead).text == symbol;
}

bool TokenStream::at_name(std::string_view name) const {
  return peek().type == TokenType::name && peek().text == name;
}

bool TokenStream::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  take();
  return true;
}

bool TokenStream::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  take();
  return true;
}

void TokenStream::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail(fmt::format("expected '{}'", symbol));
}

std::string TokenStream::expect_identifier() {
  if (peek().type != TokenType::name) fail("expected a name");
  return take().text;
}

}  // namespace quantrial::jinja
