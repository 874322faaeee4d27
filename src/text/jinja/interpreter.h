// Runs a parsed template: statements here, what values can do in operators.h, filters.h, tests.h,
// methods.h and functions.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/arguments.h"
#include "text/jinja/budget.h"
#include "text/jinja/syntax.h"
#include "text/jinja/value.h"

namespace quantrial::jinja {

// The variables of one block; looked up outwards. Loops, macros, with and blocks have their own.
struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<std::string, Value>> variables;
  bool outlives_block = false;  // a macro that was defined inside refers to it

  const Value* find_here(std::string_view name) const;
  void set(std::string_view name, Value value);
};

class Interpreter {
 public:
  Interpreter(std::vector<std::pair<std::string, Value>> variables, size_t input_bytes);

  std::string run(const Body& body);
  int line() const { return line_; }  // of what ran last, for error messages
  Budget& budget() { return budget_; }

  // Calls a macro, function or method.
  Value call(const Value& callee, const Arguments& arguments);
  Value make_namespace(std::vector<std::pair<std::string, Value>> attributes);

 private:
  enum class Flow { next, break_loop, continue_loop };
  class Inside;

  // One more statement, expression or call inside another while it lives.
  class Depth {
   public:
    explicit Depth(Interpreter& interpreter);
    ~Depth() { --interpreter_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Interpreter& interpreter_;
  };

  Flow execute(const Body& body);
  Flow execute(const Statement& statement);
  Flow execute(const Data& data);
  Flow execute(const Output& output);
  Flow execute(const ForStatement& statement);
  Flow execute(const IfStatement& statement);
  Flow execute(const SetStatement& statement);
  Flow execute(const SetBlock& statement);
  Flow execute(const FilterBlock& statement);
  Flow execute(const std::unique_ptr<MacroStatement>& statement);
  Flow execute(const std::unique_ptr<CallBlock>& statement);
  Flow execute(const WithStatement& statement);
  Flow execute(const ScopedBody& statement);
  Flow execute(const Break&) { return Flow::break_loop; }
  Flow execute(const Continue&) { return Flow::continue_loop; }
  std::vector<Value> loop_items(const ForStatement& statement);
  std::string captured(const Body& body);
  Value filtered(Value value, const std::vector<FilterCall>& filters);
  void assign(const Target& target, const Value& value);
  Value macro(const MacroStatement& definition);
  Value call_macro(const Macro& macro, const Arguments& arguments);
  void write(std::string_view text);

  Value evaluate(const Expression& expression);
  Value evaluate(const Literal& literal) { return literal.value; }
  Value evaluate(const Name& name);
  Value evaluate(const ListLiteral& literal);
  Value evaluate(const DictLiteral& literal);
  Value evaluate(const Attribute& attribute);
  Value evaluate(const Subscript& subscript);
  Value evaluate(const Slice& slice);
  Value evaluate(const Call& call);
  Value evaluate(const Filter& filter);
  Value evaluate(const Test& test);
  Value evaluate(const Unary& unary);
  Value evaluate(const Binary& binary);
  Value evaluate(const Logical& logical);
  Value evaluate(const Comparison& comparison);
  Value evaluate(const Concatenation& concatenation);
  Value evaluate(const Conditional& conditional);
  Arguments evaluate(const CallArguments& arguments);

  Budget budget_;
  Scope globals_, top_;
  Scope* scope_ = &top_;
  std::vector<std::unique_ptr<Scope>> kept_scopes_;  // that macros refer to
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::string output_;
  int line_ = 1;
  int depth_ = 0;
};

}  // namespace quantrial::jinja
