// The tree of a parsed template.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/value.h"

namespace quantrial::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPtr>;

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keyword;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  Expressions items;
  bool is_tuple;
};
struct DictLiteral {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};  // object.name
struct Subscript {
  ExpressionPtr object, index;
};  // object[index]
struct Slice {
  ExpressionPtr object, start, stop, step;
};  // null where left out
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPtr value;
  std::string name;
  CallArguments arguments;
};  // value | name
struct Test {
  ExpressionPtr value;
  std::string name;
  CallArguments arguments;
};  // value is name
enum class UnaryOperator { negate, plus, logical_not };
struct Unary {
  UnaryOperator op;
  ExpressionPtr operand;
};
enum class BinaryOperator { add, subtract, multiply, divide, floor_divide, modulo, power };
struct Binary {
  BinaryOperator op;
  ExpressionPtr left, right;
};
enum class LogicalOperator { logical_and, logical_or };
struct Logical {
  LogicalOperator op;
  ExpressionPtr left, right;
};
enum class ComparisonOperator { eq, ne, lt, le, gt, ge, in, not_in };
struct Comparison {
  ExpressionPtr first;
  std::vector<std::pair<ComparisonOperator, ExpressionPtr>> rest;
};
struct Concatenation {
  Expressions parts;
};  // a ~ b ~ c
struct Conditional {
  ExpressionPtr condition, then, otherwise;
};  // otherwise may be null

struct Expression {
  std::variant<Literal, Name, ListLiteral, DictLiteral, Attribute, Subscript, Slice, Call, Filter,
               Test, Unary, Binary, Logical, Comparison, Concatenation, Conditional>
      node;
  int line;
};

struct Statement;
using Body = std::vector<Statement>;

// What {% for %} and {% set %} assign to: a name, ns.name, or several of them.
struct Target {
  std::string name;
  std::string attribute;      // ns.attribute; empty: a plain name
  std::vector<Target> parts;  // not empty: unpacks a list; then no name
};

struct Parameter {
  std::string name;
  ExpressionPtr default_value;
};  // null: none

struct Data {
  std::string text;
};
struct Output {
  ExpressionPtr value;
};
struct ForStatement {
  Target target;
  ExpressionPtr iterable, condition;
  Body body, otherwise;
};
struct IfStatement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct SetStatement {
  Target target;
  ExpressionPtr value;
};
struct FilterCall {
  std::string name;
  CallArguments arguments;
};
struct SetBlock {
  Target target;
  std::vector<FilterCall> filters;
  Body body;
};
struct FilterBlock {
  std::vector<FilterCall> filters;
  Body body;
};
struct MacroStatement {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
};
struct CallBlock {
  MacroStatement caller;
  ExpressionPtr call;
};
struct WithStatement {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
};
struct ScopedBody {
  Body body;
};  // {% generation %}, {% autoescape false %}
struct Break {};
struct Continue {};

struct Statement {
  std::variant<Data, Output, ForStatement, IfStatement, SetStatement, SetBlock, FilterBlock,
               std::unique_ptr<MacroStatement>, std::unique_ptr<CallBlock>, WithStatement,
               ScopedBody, Break, Continue>
      node;
  int line;
};

}  // namespace quantrial::jinja
