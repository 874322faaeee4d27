#include "text/jinja/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/budget.h"

namespace quantrial::jinja {
ExpressionParser::Nesting::Nesting(ExpressionParser& parser) : parser_(parser) {
  if (++parser_.nesting_ > max_syntax_depth) {
    parser_.fail(fmt::format("more than {} constructs inside one another", max_syntax_depth));
  }
}

ExpressionPtr ExpressionParser::parse_expression(IfElse if_else) {
  const Nesting nesting(*this);
  const int line = peek().line;
  ExpressionPtr value = parse_or();
  while (if_else == IfElse::allowed && take_name("if")) {
    ExpressionPtr condition = parse_or();
    ExpressionPtr otherwise = take_name("else") ? parse_expression() : nullptr;
    value = make(Conditional{std::move(condition), std::move(value), std::move(otherwise)}, line);
  }
  return value;
}

bool ExpressionParser::at_tuple_end() const {
  const TokenType type = peek().type;
  return type == TokenType::variable_end || type == TokenType::block_end ||
         type == TokenType::end || at_symbol(")") || at_symbol("=") || at_name("in") ||
         at_name("recursive") || at_name("if");
}

ExpressionPtr ExpressionParser::parse_tuple(IfElse if_else) {
  const int line = peek().line;
  ExpressionPtr first = parse_expression(if_else);
  if (!at_symbol(",")) return first;
  Expressions items;
  items.push_back(std::move(first));
  while (take_symbol(",") && !at_tuple_end()) items.push_back(parse_expression(if_else));
  return make(ListLiteral{std::move(items), true}, line);
}

ExpressionPtr ExpressionParser::parse_or() {
  const int line = peek().line;
  ExpressionPtr left = parse_and();
  while (take_name("or")) {
    left = make(Logical{LogicalOperator::logical_or, std::move(left), parse_and()}, line);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  const int line = peek().line;
  ExpressionPtr left = parse_not();
  while (take_name("and")) {
    left = make(Logical{LogicalOperator::logical_and, std::move(left), parse_not()}, line);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  const Nesting nesting(*this);
  const int line = peek().line;
  if (take_name("not")) return make(Unary{UnaryOperator::logical_not, parse_not()}, line);
  return parse_comparison();
}

ExpressionPtr ExpressionParser::parse_comparison() {
  using enum ComparisonOperator;
  static constexpr std::pair<std::string_view, ComparisonOperator> operators[] = {
      {"==", eq}, {"!=", ne}, {"<", lt}, {"<=", le}, {">", gt}, {">=", ge}};
  const int line = peek().line;
  Comparison comparison{parse_sum(), {}};
  while (true) {
    const auto found =
        std::ranges::find_if(operators, [&](const auto& op) { return at_symbol(op.first); });
    if (found != std::end(operators)) {
      take();
      comparison.rest.emplace_back(found->second, parse_sum());
    } else if (take_name("in")) {
      comparison.rest.emplace_back(in, parse_sum());
    } else if (at_name("not") && peek(1).type == TokenType::name && peek(1).text == "in") {
      take();
      take();
      comparison.rest.emplace_back(not_in, parse_sum());
    } else {
      break;
    }
  }
  if (comparison.rest.empty()) return std::move(comparison.first);
  return make(std::move(comparison), line);
}

ExpressionPtr ExpressionParser::parse_sum() {
  const int line = peek().line;
  ExpressionPtr left = parse_concatenation();
  while (at_symbol("+") || at_symbol("-")) {
    const auto op = take().text == "+" ? BinaryOperator::add : BinaryOperator::subtract;
    left = make(Binary{op, std::move(left), parse_concatenation()}, line);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  const int line = peek().line;
  Expressions parts;
  parts.push_back(parse_product());
  while (take_symbol("~")) parts.push_back(parse_product());
  if (parts.size() == 1) return std::move(parts[0]);
  return make(Concatenation{std::move(parts)}, line);
}

ExpressionPtr ExpressionParser::parse_product() {
  using enum BinaryOperator;
  static constexpr std::pair<std::string_view, BinaryOperator> operators[] = {
      {"*", multiply}, {"/", divide}, {"//", floor_divide}, {"%", modulo}};
  const int line = peek().line;
  ExpressionPtr left = parse_power();
  while (true) {
    const auto found =
        std::ranges::find_if(operators, [&](const auto& op) { return at_symbol(op.first); });
    if (found == std::end(operators)) return left;
    take();
    left = make(Binary{found->second, std::move(left), parse_power()}, line);
  }
}

ExpressionPtr ExpressionParser::parse_power() {
  const int line = peek().line;
  ExpressionPtr left = parse_unary(true);
  while (take_symbol("**")) {
    left = make(Binary{BinaryOperator::power, std::move(left), parse_unary(true)}, line);
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const Nesting nesting(*this);
  const int line = peek().line;
  ExpressionPtr value;
  if (take_symbol("-")) {
    value = make(Unary{UnaryOperator::negate, parse_unary(false)}, line);
  } else if (take_symbol("+")) {
    value = make(Unary{UnaryOperator::plus, parse_unary(false)}, line);
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filters ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Nesting nesting(*this);
  const Token& token = peek();
  const int line = token.line;
  switch (token.type) {
    case TokenType::name:
      return parse_constant_or_name();
    case TokenType::text: {
      std::string text;
      while (peek().type == TokenType::text) text += take().text;
      return make(Literal{Value(std::move(text))}, line);
    }
    case TokenType::integer: {
      int64_t number = 0;
      const auto result =
          std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
      if (result.ec != std::errc()) fail("an integer beyond 64 bits");
      take();
      return make(Literal{Value(number)}, line);
    }
    case TokenType::floating: {
      double number = 0;
      std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
      take();
      return make(Literal{Value(number)}, line);
    }
    case TokenType::symbol:
      if (at_symbol("(")) return parse_parentheses();
      if (at_symbol("[")) return parse_list();
      if (at_symbol("{")) return parse_dict();
      break;
    default:
      break;
  }
  fail("expected an expression");
}

ExpressionPtr ExpressionParser::parse_constant_or_name() {
  const Token token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return make(Literal{Value(true)}, token.line);
  if (name == "false" || name == "False") return make(Literal{Value(false)}, token.line);
  if (name == "none" || name == "None") return make(Literal{Value::none()}, token.line);
  return make(Name{name}, token.line);
}

ExpressionPtr ExpressionParser::parse_parentheses() {
  const int line = peek().line;
  expect_symbol("(");
  if (take_symbol(")")) return make(ListLiteral{{}, true}, line);
  ExpressionPtr value = parse_tuple();
  expect_symbol(")");
  return value;
}

ExpressionPtr ExpressionParser::parse_list() {
  const int line = peek().line;
  expect_symbol("[");
  Expressions items;
  while (!take_symbol("]")) {
    if (!items.empty()) expect_symbol(",");
    if (take_symbol("]")) break;
    items.push_back(parse_expression());
  }
  return make(ListLiteral{std::move(items), false}, line);
}

ExpressionPtr ExpressionParser::parse_dict() {
  const int line = peek().line;
  expect_symbol("{");
  DictLiteral dict;
  while (!take_symbol("}")) {
    if (!dict.items.empty()) expect_symbol(",");
    if (take_symbol("}")) break;
    ExpressionPtr key = parse_expression();
    expect_symbol(":");
    dict.items.emplace_back(std::move(key), parse_expression());
  }
  return make(std::move(dict), line);
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr value) {
  while (true) {
    const int line = peek().line;
    if (at_symbol(".")) {
      value = parse_member(std::move(value));
    } else if (at_symbol("[")) {
      value = parse_subscript(std::move(value));
    } else if (at_symbol("(")) {
      value = make(Call{std::move(value), parse_call_arguments()}, line);
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters_and_tests(ExpressionPtr value) {
  while (true) {
    const int line = peek().line;
    if (take_symbol("|")) {
      FilterCall call = parse_filter_call();
      value = make(Filter{std::move(value), std::move(call.name), std::move(call.arguments)}, line);
    } else if (take_name("is")) {
      value = parse_test(std::move(value));
    } else if (at_symbol("(")) {
      value = make(Call{std::move(value), parse_call_arguments()}, line);
    } else {
      return value;
    }
  }
}

// object.name or object.0
ExpressionPtr ExpressionParser::parse_member(ExpressionPtr object) {
  const int line = peek().line;
  expect_symbol(".");
  if (peek().type == TokenType::integer) {
    ExpressionPtr index = parse_primary();
    return make(Subscript{std::move(object), std::move(index)}, line);
  }
  return make(Attribute{std::move(object), expect_identifier()}, line);
}

// object[index], object[start:stop:step], object[a, b]
ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr object) {
  const int line = peek().line;
  expect_symbol("[");
  ExpressionPtr parts[3];
  size_t colons = 0;
  while (!at_symbol("]")) {
    if (take_symbol(":")) {
      if (++colons > 2) fail("a slice has at most two ':'");
    } else if (parts[colons] == nullptr) {
      parts[colons] = colons == 0 ? parse_tuple() : parse_expression();
    } else {
      fail("expected ']'");
    }
  }
  expect_symbol("]");
  if (colons == 0) {
    if (parts[0] == nullptr) fail("expected an index in []");
    return make(Subscript{std::move(object), std::move(parts[0])}, line);
  }
  return make(
      Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])},
      line);
}

CallArguments ExpressionParser::parse_call_arguments() {
  const Nesting nesting(*this);
  CallArguments arguments;
  expect_symbol("(");
  bool first = true;
  while (!take_symbol(")")) {
    if (!first) expect_symbol(",");
    first = false;
    if (take_symbol(")")) break;
    if (at_symbol("*") || at_symbol("**")) fail("* and ** in a call are not supported");
    if (peek().type == TokenType::name && at_symbol("=", 1)) {
      std::string name = take().text;
      take();
      arguments.keyword.emplace_back(std::move(name), parse_expression());
    } else {
      if (!arguments.keyword.empty()) fail("a positional argument after a keyword argument");
      arguments.positional.push_back(parse_expression());
    }
  }
  return arguments;
}

FilterCall ExpressionParser::parse_filter_call() {
  FilterCall call{expect_identifier(), {}};
  while (take_symbol(".")) call.name += "." + expect_identifier();
  if (at_symbol("(")) call.arguments = parse_call_arguments();
  return call;
}

// `x is divisibleby 3` has its one argument without parentheses.
bool ExpressionParser::at_test_argument() const {
  switch (peek().type) {
    case TokenType::name:
      return !at_name("else") && !at_name("or") && !at_name("and");
    case TokenType::text:
    case TokenType::integer:
    case TokenType::floating:
      return true;
    default:
      return at_symbol("[") || at_symbol("{");
  }
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr value) {
  const int line = peek().line;
  const bool negated = take_name("not");
  Test test{std::move(value), expect_identifier(), {}};
  while (take_symbol(".")) test.name += "." + expect_identifier();
  if (at_symbol("(")) {
    test.arguments = parse_call_arguments();
  } else if (at_test_argument()) {
    if (at_name("is")) fail("tests cannot be chained with 'is'");
    ExpressionPtr argument = parse_primary();
    test.arguments.positional.push_back(parse_postfix(std::move(argument)));
  }
  ExpressionPtr result = make(std::move(test), line);
  return negated ? make(Unary{UnaryOperator::logical_not, std::move(result)}, line)
                 : std::move(result);
}

}  // namespace quantrial::jinja
