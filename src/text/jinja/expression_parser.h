// The expressions of Jinja2's grammar. parser.cpp builds the statements on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/syntax.h"
#include "text/jinja/token_stream.h"

namespace quantrial::jinja {

class ExpressionParser : protected TokenStream {
 public:
  using TokenStream::TokenStream;

 protected:
  // Whether `a if b else c` may stand here; it may not where an `if` follows (for loops).
  enum class IfElse { allowed, excluded };

  ExpressionPtr parse_expression(IfElse if_else = IfElse::allowed);
  ExpressionPtr parse_tuple(IfElse if_else = IfElse::allowed);  // a or a, b
  ExpressionPtr parse_unary(bool with_filters);
  CallArguments parse_call_arguments();  // from "(" on
  FilterCall parse_filter_call();        // after "|"

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

  int nesting_ = 0;
};

}  // namespace quantrial::jinja
