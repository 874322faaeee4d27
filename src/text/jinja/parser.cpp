#include "text/jinja/parser.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "text/jinja/expression_parser.h"

namespace quantrial::jinja {
namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body parse_template() {
    Body body = parse_body({});
    if (peek().type != TokenType::end) fail("unexpected");
    return body;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  // Statements up to a tag named in `ends` (its name is next), or the end of the template.
  Body parse_body(Names ends) {
    const Nesting nesting(*this);
    Body body;
    while (true) {
      const int line = peek().line;
      if (peek().type == TokenType::data) {
        body.push_back({Data{take().text}, line});
      } else if (peek().type == TokenType::variable_begin) {
        take();
        body.push_back({Output{parse_tuple()}, line});
        expect(TokenType::variable_end, "}}");
      } else if (peek().type == TokenType::block_begin) {
        take();
        if (peek().type != TokenType::name) fail("expected the name of a statement");
        if (std::ranges::find(ends, std::string_view(peek().text)) != ends.end()) return body;
        body.push_back(parse_statement());
      } else if (ends.size() == 0 && peek().type == TokenType::end) {
        return body;
      } else {
        fail(fmt::format("expected {{% {} %}}", *ends.begin()));
      }
    }
  }

  void expect(TokenType type, std::string_view shown) {
    if (peek().type != type) fail(fmt::format("expected '{}'", shown));
    take();
  }

  void end_tag() { expect(TokenType::block_end, "%}"); }

  // The body and its end tag.
  Body parse_body_to(std::string_view end) {
    end_tag();
    Body body = parse_body({end});
    take();
    end_tag();
    return body;
  }

  Statement parse_statement() {
    const Token token = take();
    const std::string& name = token.text;
    const int line = token.line;
    if (name == "for") return {parse_for(), line};
    if (name == "if") return {parse_if(), line};
    if (name == "set") return parse_set(line);
    if (name == "macro") {
      auto macro = std::make_unique<MacroStatement>();
      macro->name = expect_identifier();
      macro->parameters = parse_parameters();
      macro->body = parse_body_to("endmacro");
      return {std::move(macro), line};
    }
    if (name == "call") return {parse_call_block(), line};
    if (name == "filter") {
      auto filters = parse_filter_chain();
      return {FilterBlock{std::move(filters), parse_body_to("endfilter")}, line};
    }
    if (name == "with") return {parse_with(), line};
    if (name == "generation") return {ScopedBody{parse_body_to("endgeneration")}, line};
    if (name == "break" || name == "continue") {
      if (loops_ == 0) fail(fmt::format("'{}' outside a loop", name));
      end_tag();
      return name == "break" ? Statement{Break{}, line} : Statement{Continue{}, line};
    }
    fail(fmt::format("the statement '{}' is unknown or not supported", escaped(name)));
  }

  Target parse_target() {
    const Nesting nesting(*this);
    std::vector<Target> parts;
    bool is_tuple = false;
    do {
      if (!parts.empty() && (at_symbol("=") || at_name("in") || at_symbol(")"))) break;
      parts.push_back(parse_single_target());
      is_tuple = is_tuple || at_symbol(",");
    } while (take_symbol(","));
    if (!is_tuple) return std::move(parts[0]);
    return Target{{}, {}, std::move(parts)};
  }

  Target parse_single_target() {
    if (take_symbol("(")) {
      Target target = parse_target();
      expect_symbol(")");
      return target;
    }
    Target target{expect_identifier(), {}, {}};
    static constexpr std::string_view constants[] = {"true", "false", "none",
                                                     "True", "False", "None"};
    if (std::ranges::find(constants, target.name) != std::end(constants)) {
      fail(fmt::format("cannot assign to '{}'", target.name));
    }
    if (take_symbol(".")) target.attribute = expect_identifier();
    return target;
  }

  ForStatement parse_for() {
    ForStatement loop;
    loop.target = parse_target();
    if (!take_name("in")) fail("expected 'in'");
    loop.iterable = parse_tuple(IfElse::excluded);
    if (take_name("if")) loop.condition = parse_expression();
    if (at_name("recursive")) fail("recursive loops are not supported");
    end_tag();
    ++loops_;
    loop.body = parse_body({"endfor", "else"});
    --loops_;
    const bool has_else = at_name("else");
    take();
    if (has_else) {
      loop.otherwise = parse_body_to("endfor");
    } else {
      end_tag();
    }
    return loop;
  }

  IfStatement parse_if() {
    IfStatement statement;
    while (true) {
      ExpressionPtr condition = parse_tuple(IfElse::excluded);
      end_tag();
      statement.branches.emplace_back(std::move(condition), parse_body({"elif", "else", "endif"}));
      const bool has_elif = at_name("elif");
      const bool has_else = at_name("else");
      take();
      if (has_elif) continue;
      if (has_else) {
        statement.otherwise = parse_body_to("endif");
      } else {
        end_tag();
      }
      return statement;
    }
  }

  Statement parse_set(int line) {
    Target target = parse_target();
    if (take_symbol("=")) {
      ExpressionPtr value = parse_tuple();
      end_tag();
      return {SetStatement{std::move(target), std::move(value)}, line};
    }
    std::vector<FilterCall> filters;
    if (take_symbol("|")) filters = parse_filter_chain();
    return {SetBlock{std::move(target), std::move(filters), parse_body_to("endset")}, line};
  }

  std::vector<FilterCall> parse_filter_chain() {
    std::vector<FilterCall> filters;
    do filters.push_back(parse_filter_call());
    while (take_symbol("|"));
    return filters;
  }

  std::vector<Parameter> parse_parameters() {
    std::vector<Parameter> parameters;
    expect_symbol("(");
    while (!take_symbol(")")) {
      if (!parameters.empty()) expect_symbol(",");
      if (take_symbol(")")) break;
      Parameter parameter{expect_identifier(), nullptr};
      if (take_symbol("=")) {
        parameter.default_value = parse_expression();
      } else if (!parameters.empty() && parameters.back().default_value != nullptr) {
        fail("a parameter without default after one with a default");
      }
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  std::unique_ptr<CallBlock> parse_call_block() {
    auto block = std::make_unique<CallBlock>();
    block->caller.name = "caller";
    if (at_symbol("(")) block->caller.parameters = parse_parameters();
    block->call = parse_expression();
    if (!std::holds_alternative<Call>(block->call->node)) fail("expected a call");
    block->caller.body = parse_body_to("endcall");
    return block;
  }

  WithStatement parse_with() {
    WithStatement with;
    while (peek().type != TokenType::block_end) {
      if (!with.assignments.empty()) expect_symbol(",");
      Target target = parse_single_target();
      expect_symbol("=");
      with.assignments.emplace_back(std::move(target), parse_expression());
    }
    with.body = parse_body_to("endwith");
    return with;
  }

  int loops_ = 0;
};

}  // namespace

Body parse(std::string_view source) { return Parser(tokenize(source)).parse_template(); }

}  // namespace quantrial::jinja
