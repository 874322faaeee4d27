// The interpreter's expressions.
#include "text/jinja/filters.h"
#include "text/jinja/functions.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/tests.h"

namespace quantrial::jinja {

Value Interpreter::evaluate(const Expression& expression) {
  const Depth depth(*this);
  line_ = expression.line;
  return std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
}

Value Interpreter::evaluate(const Name& name) {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    if (const Value* found = scope->find_here(name.name)) return *found;
  }
  if (is_function(name.name)) return Value(Value::Variant(Function{name.name}));
  return Value::undefined(fmt::format("'{}' is undefined", escaped(name.name)));
}

Value Interpreter::evaluate(const ListLiteral& literal) {
  std::vector<Value> items;
  for (const auto& item : literal.items) items.push_back(evaluate(*item));
  budget_.take_bytes(items.size() * sizeof(Value));
  return literal.is_tuple ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Value Interpreter::evaluate(const DictLiteral& literal) {
  std::vector<std::pair<Value, Value>> items;
  for (const auto& [key, value] : literal.items) {
    Value evaluated_key = evaluate(*key);
    items.emplace_back(std::move(evaluated_key), evaluate(*value));
  }
  budget_.take_bytes(items.size() * sizeof(items[0]));
  return Value::dict(std::move(items));
}

Value Interpreter::evaluate(const Attribute& attribute) {
  return attribute_of(evaluate(*attribute.object), attribute.name);
}

Value Interpreter::evaluate(const Subscript& subscript) {
  const Value object = evaluate(*subscript.object);
  return item_of(object, evaluate(*subscript.index), budget_);
}

Value Interpreter::evaluate(const Slice& slice) {
  const Value object = evaluate(*slice.object);
  const auto bound = [&](const ExpressionPtr& part) -> std::optional<int64_t> {
    if (part == nullptr) return std::nullopt;
    const Value value = evaluate(*part);
    if (value.is_none()) return std::nullopt;
    return to_index(value, "slice");
  };
  const auto start = bound(slice.start), stop = bound(slice.stop), step = bound(slice.step);
  return slice_of(object, {start, stop, step}, budget_);
}

Value Interpreter::evaluate(const Call& call_node) {
  const Value callee = evaluate(*call_node.callee);
  const Arguments arguments = evaluate(call_node.arguments);
  return call(callee, arguments);
}

Value Interpreter::evaluate(const Filter& filter) {
  const Value value = evaluate(*filter.value);
  return apply_filter(filter.name, value, evaluate(filter.arguments), budget_);
}

Value Interpreter::evaluate(const Test& test) {
  const Value value = evaluate(*test.value);
  return apply_test(test.name, value, evaluate(test.arguments), budget_);
}

Value Interpreter::evaluate(const Unary& unary) {
  const Value operand = evaluate(*unary.operand);
  switch (unary.op) {
    case UnaryOperator::logical_not:
      return !is_true(operand);
    case UnaryOperator::negate:
      return negated(operand);
    case UnaryOperator::plus:
      return negated(negated(operand));
  }
  return {};
}

Value Interpreter::evaluate(const Binary& binary) {
  const Value left = evaluate(*binary.left);
  return arithmetic(binary.op, left, evaluate(*binary.right), budget_);
}

Value Interpreter::evaluate(const Logical& logical) {
  Value left = evaluate(*logical.left);
  const bool decided = is_true(left) == (logical.op == LogicalOperator::logical_or);
  return decided ? left : evaluate(*logical.right);
}

// a < b < c holds when both do.
Value Interpreter::evaluate(const Comparison& comparison) {
  Value left = evaluate(*comparison.first);
  for (const auto& [op, expression] : comparison.rest) {
    Value right = evaluate(*expression);
    if (!compares(op, left, right, budget_)) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluate(const Concatenation& concatenation) {
  std::vector<Value> parts;
  for (const auto& part : concatenation.parts) parts.push_back(evaluate(*part));
  return concatenated(parts, budget_);
}

Value Interpreter::evaluate(const Conditional& conditional) {
  if (is_true(evaluate(*conditional.condition))) return evaluate(*conditional.then);
  if (conditional.otherwise != nullptr) return evaluate(*conditional.otherwise);
  return Value::undefined("an inline if was false and has no else");
}

Arguments Interpreter::evaluate(const CallArguments& arguments) {
  Arguments evaluated;
  for (const auto& value : arguments.positional) evaluated.positional.push_back(evaluate(*value));
  for (const auto& [name, value] : arguments.keyword)
    evaluated.keyword.emplace_back(name, evaluate(*value));
  return evaluated;
}

}  // namespace quantrial::jinja
