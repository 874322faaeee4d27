// The expressions of Jinja2's grammar. parser.cpp builds the statements on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

namespace quantrial::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

 protected:
  // Whether `a if b else c` may stand here; it may not where an `if` follows (for loops).
  enum class IfElse { allowed, excluded };

  ExpressionPtr parse_expression(IfElse if_else = IfElse::allowed);
  ExpressionPtr parse_tuple(IfElse if_else = IfElse::allowed);  // a or a, b
  ExpressionPtr parse_unary(bool with_filters);
  CallArguments parse_call_arguments();  // from "(" on
  FilterCall parse_filter_call();        // after "|"

  [[noreturn]] void fail(std::string_view what) const;
  const Token& peek(size_t ahead = 0) const;
  Token take();
  bool at_symbol(std::string_view symbol, size_t ahead = 0) const;
  bool at_name(std::string_view name) const;
  bool take_symbol(std::string_view symbol);
  bool take_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  std::string expect_identifier();

  // Counts nested constructs, so that a hostile source cannot exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_primary();
  ExpressionPtr parse_constant_or_name();
  ExpressionPtr parse_parentheses();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr value);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr value);
  ExpressionPtr parse_member(ExpressionPtr object);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_test(ExpressionPtr value);
  bool at_tuple_end() const;
  bool at_test_argument() const;

  template <typename Node>
  ExpressionPtr make(Node node, int line) const {
    return std::make_unique<Expression>(Expression{std::move(node), line});
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace quantrial::jinja
