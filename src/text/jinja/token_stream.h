// The tokens of a template, read one after another by the parsers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/lexer.h"

namespace quantrial::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  [[noreturn]] void fail(std::string_view what) const;
  const Token& peek(size_t ahead = 0) const;
  Token take();
  bool at_symbol(std::string_view symbol, size_t ahead = 0) const;
  bool at_name(std::string_view name) const;
  bool take_symbol(std::string_view symbol);
  bool take_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  std::string expect_identifier();

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace quantrial::jinja
