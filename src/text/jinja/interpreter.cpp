#include "text/jinja/interpreter.h"

#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/functions.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/tests.h"

namespace quantrial::jinja {

const Value* Scope::find_here(std::string_view name) const {
  const auto found =
      std::ranges::find_if(variables, [&](const auto& v) { return v.first == name; });
  return found == variables.end() ? nullptr : &found->second;
}

void Scope::set(std::string_view name, Value value) {
  if (const Value* present = find_here(name)) {
    *const_cast<Value*>(present) = std::move(value);
  } else {
    variables.emplace_back(name, std::move(value));
  }
}

Interpreter::Depth::Depth(Interpreter& interpreter) : interpreter_(interpreter) {
  interpreter_.budget_.take_steps(1);
  if (++interpreter_.depth_ > max_evaluation_depth) {
    --interpreter_.depth_;
    throw Error("more than {} evaluations inside one another", max_evaluation_depth);
  }
}

// A new scope while it lives. When a macro was defined inside, the interpreter keeps the scope.
class Interpreter::Inside {
 public:
  Inside(Interpreter& interpreter, Scope* parent)
      : interpreter_(interpreter), outer_(interpreter.scope_), scope_(std::make_unique<Scope>()) {
    scope_->parent = parent;
    interpreter_.scope_ = scope_.get();
  }
  explicit Inside(Interpreter& interpreter) : Inside(interpreter, interpreter.scope_) {}
  ~Inside() {
    interpreter_.scope_ = outer_;
    if (scope_->outlives_block) interpreter_.kept_scopes_.push_back(std::move(scope_));
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Interpreter& interpreter_;
  Scope* outer_;
  std::unique_ptr<Scope> scope_;
};

Interpreter::Interpreter(std::vector<std::pair<std::string, Value>> variables, size_t input_bytes)
    : budget_(input_bytes) {
  globals_.variables = std::move(variables);
  top_.parent = &globals_;
}

std::string Interpreter::run(const Body& body) {
  execute(body);
  return std::move(output_);
}

void Interpreter::write(std::string_view text) {
  budget_.take_bytes(text.size());
  output_ += text;
}

Value Interpreter::make_namespace(std::vector<std::pair<std::string, Value>> attributes) {
  budget_.take_bytes(sizeof(Namespace) + attributes.size() * sizeof(attributes[0]));
  namespaces_.push_back(std::make_unique<Namespace>(Namespace{std::move(attributes)}));
  return Value(Value::Variant(namespaces_.back().get()));
}

// Statements

Interpreter::Flow Interpreter::execute(const Body& body) {
  for (const Statement& statement : body) {
    const Flow flow = execute(statement);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const Statement& statement) {
  const Depth depth(*this);
  line_ = statement.line;
  return std::visit([this](const auto& node) { return execute(node); }, statement.node);
}

Interpreter::Flow Interpreter::execute(const Data& data) {
  write(data.text);
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const Output& output) {
  const Value value = evaluate(*output.value);
  if (value.is_text()) {
    write(value.text());
  } else {
    budget_.take_steps(reading_steps(value));
    write(to_text(value));
  }
  return Flow::next;
}

// The elements to loop over: those that meet the loop's condition.
std::vector<Value> Interpreter::loop_items(const ForStatement& statement) {
  const Value iterable = evaluate(*statement.iterable);
  budget_.take_steps(reading_steps(iterable));
  auto items = elements(iterable);
  budget_.take_bytes(items.size() * sizeof(Value));
  if (statement.condition == nullptr) return items;
  std::vector<Value> kept;
  for (const Value& item : items) {
    const Inside inside(*this);
    assign(statement.target, item);
    if (is_true(evaluate(*statement.condition))) kept.push_back(item);
  }
  return kept;
}

Interpreter::Flow Interpreter::execute(const ForStatement& statement) {
  const Value items = Value::tuple(loop_items(statement));
  if (items.items().empty()) {
    const Inside inside(*this);
    return execute(statement.otherwise);
  }
  const auto loop = std::make_shared<Loop>(Loop{items.list_pointer(), 0, nullptr});
  Flow flow = Flow::next;
  for (; loop->index0 < loop->items->items.size() && flow != Flow::break_loop; ++loop->index0) {
    const Inside inside(*this);
    assign(statement.target, loop->items->items[loop->index0]);
    scope_->set("loop", Value(Value::Variant(loop)));
    flow = execute(statement.body);
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const IfStatement& statement) {
  for (const auto& [condition, body] : statement.branches) {
    if (is_true(evaluate(*condition))) return execute(body);
  }
  return execute(statement.otherwise);
}

Interpreter::Flow Interpreter::execute(const SetStatement& statement) {
  assign(statement.target, evaluate(*statement.value));
  return Flow::next;
}

// What `body` writes, in a scope of its own.
std::string Interpreter::captured(const Body& body) {
  const Inside inside(*this);
  std::string outer = std::exchange(output_, {});
  execute(body);
  return std::exchange(output_, std::move(outer));
}

Value Interpreter::filtered(Value value, const std::vector<FilterCall>& filters) {
  for (const FilterCall& filter : filters) {
    value = apply_filter(filter.name, value, evaluate(filter.arguments), budget_);
  }
  return value;
}

Interpreter::Flow Interpreter::execute(const SetBlock& statement) {
  assign(statement.target, filtered(Value(captured(statement.body)), statement.filters));
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const FilterBlock& statement) {
  write(to_text(filtered(Value(captured(statement.body)), statement.filters)));
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const std::unique_ptr<MacroStatement>& statement) {
  scope_->set(statement->name, macro(*statement));
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const std::unique_ptr<CallBlock>& statement) {
  const auto& call_node = std::get<Call>(statement->call->node);
  const Value callee = evaluate(*call_node.callee);
  Arguments arguments = evaluate(call_node.arguments);
  arguments.keyword.emplace_back("caller", macro(statement->caller));
  write(to_text(call(callee, arguments)));
  return Flow::next;
}

Interpreter::Flow Interpreter::execute(const WithStatement& statement) {
  std::vector<Value> values;  // evaluated outside
  for (const auto& [target, value] : statement.assignments) values.push_back(evaluate(*value));
  const Inside inside(*this);
  for (size_t i = 0; i < values.size(); ++i) assign(statement.assignments[i].first, values[i]);
  return execute(statement.body);
}

Interpreter::Flow Interpreter::execute(const ScopedBody& statement) {
  const Inside inside(*this);
  return execute(statement.body);
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (!target.parts.empty()) {
    const auto items = elements(value);
    if (items.size() != target.parts.size()) {
      throw Error("cannot unpack {} values into {} names", items.size(), target.parts.size());
    }
    for (size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
  } else if (target.attribute.empty()) {
    budget_.take_bytes(sizeof(Value));
    scope_->set(target.name, value);
  } else {
    const Value object = evaluate(Name{target.name});
    Namespace* const* names = std::get_if<Namespace*>(&object.variant());
    if (names == nullptr) {
      throw Error("cannot assign to '{}.{}': '{}' is no namespace", target.name, target.attribute,
                  target.name);
    }
    if (Value* present = (*names)->find(target.attribute))
      *present = value;
    else
      (*names)->attributes.emplace_back(target.attribute, value);
  }
}

Value Interpreter::macro(const MacroStatement& definition) {
  for (Scope* scope = scope_; scope != nullptr; scope = scope->parent) scope->outlives_block = true;
  budget_.take_bytes(sizeof(Scope));
  return Value(Value::Variant(std::make_shared<const Macro>(Macro{&definition, scope_})));
}

Value Interpreter::call_macro(const Macro& macro, const Arguments& arguments) {
  const MacroStatement& definition = *macro.definition;
  const auto& parameters = definition.parameters;
  if (arguments.positional.size() > parameters.size()) {
    throw Error("macro '{}' takes at most {} arguments, {} given", definition.name,
                parameters.size(), arguments.positional.size());
  }
  const Inside inside(*this, macro.scope);
  for (const auto& [name, value] : arguments.keyword) {
    const auto parameter = std::ranges::find(parameters, name, &Parameter::name);
    if (name != "caller" && parameter == parameters.end()) {
      throw Error("macro '{}' takes no keyword argument '{}'", definition.name, name);
    }
    const auto place = static_cast<size_t>(parameter - parameters.begin());
    if (place < arguments.positional.size()) {
      throw Error("macro '{}': argument '{}' given twice", definition.name, name);
    }
    scope_->set(name, value);
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (i < arguments.positional.size()) {
      scope_->set(parameter.name, arguments.positional[i]);
    } else if (scope_->find_here(parameter.name) == nullptr) {
      scope_->set(parameter.name, parameter.default_value != nullptr
                                      ? evaluate(*parameter.default_value)
                                      : Value::undefined(fmt::format(
                                            "parameter '{}' was not provided", parameter.name)));
    }
  }
  std::string outer = std::exchange(output_, {});
  execute(definition.body);
  return std::exchange(output_, std::move(outer));
}

Value Interpreter::call(const Value& callee, const Arguments& arguments) {
  const Depth depth(*this);
  if (callee.is_undefined()) fail_undefined(callee);
  if (const auto* macro = std::get_if<std::shared_ptr<const Macro>>(&callee.variant())) {
    return call_macro(**macro, arguments);
  }
  if (const auto* method = std::get_if<std::shared_ptr<const BoundMethod>>(&callee.variant())) {
    return call_method(**method, arguments, budget_);
  }
  if (const auto* function = std::get_if<Function>(&callee.variant())) {
    return call_function(*this, function->name, arguments);
  }
  throw Error("'{}' object is not callable", type_name(callee));
}

}  // namespace quantrial::jinja
