// A value of the template language: what Python objects are to Jinja2. Texts, lists and dicts never
// change once made, so that copies share them and nothing can contain itself.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace quantrial::jinja {

class Value;
struct MacroStatement;
struct Scope;

struct Undefined {
  std::shared_ptr<const std::string>
      why;  // the message when it is used; null: "value is undefined"
};
struct None {};
struct Text {
  std::shared_ptr<const std::string> utf8;
  bool safe = false;  // Jinja2's Markup: what is joined to it gets escaped
};
// How much there is inside a value, what is shared counted each time.
struct Extent {
  int depth = 0;     // containers inside containers; 0: a scalar
  size_t bytes = 1;  // roughly those of its repr
};
struct List {
  std::vector<Value> items;
  Extent extent;
  bool is_tuple;
};
struct Dict {
  std::vector<std::pair<Value, Value>> items;  // in insertion order, keys unique
  Extent extent;
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
};
// The one thing that can be changed: {% set ns.name = value %}. Owned by the interpreter.
struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
  Value* find(std::string_view name);
};
// `loop` inside {% for %}.
struct Loop {
  std::shared_ptr<const List> items;
  size_t index0 = 0;
  std::shared_ptr<Value> last_changed;
};
struct Macro {
  const MacroStatement* definition;
  Scope* scope;  // where it was defined; owned by the interpreter
};
// range, namespace, raise_exception ...
struct Function {
  std::string_view name;
};
struct BoundMethod;  // "abc".upper, before it is called

class Value {
 public:
  using Variant =
      std::variant<Undefined, None, bool, int64_t, double, Text, std::shared_ptr<const List>,
                   std::shared_ptr<const Dict>, Namespace*, std::shared_ptr<Loop>,
                   std::shared_ptr<const Macro>, Function, std::shared_ptr<const BoundMethod>>;

  Value() = default;  // undefined
  // NOLINTBEGIN(google-explicit-constructor): what a template may hold converts by itself
  Value(bool b) : variant_(b) {}
  Value(int64_t i) : variant_(i) {}
  Value(double d) : variant_(d) {}
  Value(std::string text, bool safe = false)
      : variant_(Text{std::make_shared<const std::string>(std::move(text)), safe}) {}
  Value(std::string_view) = delete;  // say std::string(...) where a copy is wanted
  Value(const char*) = delete;
  // NOLINTEND(google-explicit-constructor)
  explicit Value(Variant variant) : variant_(std::move(variant)) {}

  static Value none() { return Value(Variant(None{})); }
  static Value undefined(std::string why);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  // Throws Error for a key that Python cannot hash; of equal keys the last counts.
  static Value dict(std::vector<std::pair<Value, Value>> items);

  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(variant_);
  }
  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  bool is_text() const { return is<Text>(); }
  bool is_safe_text() const { return is_text() && std::get<Text>(variant_).safe; }
  bool is_list() const { return is<std::shared_ptr<const List>>(); }
  bool is_dict() const { return is<std::shared_ptr<const Dict>>(); }
  bool is_integer() const { return is<int64_t>(); }
  bool is_number() const { return is<bool>() || is<int64_t>() || is<double>(); }

  const Variant& variant() const { return variant_; }
  const std::string& text() const { return *std::get<Text>(variant_).utf8; }
  const std::vector<Value>& items() const { return list_pointer()->items; }
  const std::shared_ptr<const List>& list_pointer() const {
    return std::get<std::shared_ptr<const List>>(variant_);
  }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(variant_); }
  double number() const;  // of bool, integer or float

  Extent extent() const;

 private:
  Variant variant_;
};

struct BoundMethod {
  Value object;
  std::string name;
};

// Throws the Error that Jinja2 raises when an undefined value is used.
[[noreturn]] void fail_undefined(const Value& undefined);

// Python's bool(), type name (as in error messages), str() and repr().
bool is_true(const Value& value);
std::string type_name(const Value& value);
std::string described(const Value& value);  // "dict object", as Jinja2's messages have it
std::string to_text(const Value& value);
std::string to_repr(const Value& value);
std::string float_repr(double value);

// Python's == and <. `less` throws Error for types without an order.
bool equal(const Value& a, const Value& b);
bool less(const Value& a, const Value& b);

// The elements that {% for %} sees: of a list, a dict's keys, a text's characters. Throws Error for
// what cannot be iterated.
std::vector<Value> elements(const Value& value);

// A whole number as Python's operator.index has it (bool counts). Throws Error naming `what`.
int64_t to_index(const Value& value, std::string_view what);

// Throws Error when the JSON nests too deeply.
Value from_json(const nlohmann::ordered_json& json);

struct JsonStyle {
  int indent = -1;  // -1: on one line
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  size_t max_bytes = size_t{1} << 28;
};
// Python's json.dumps.
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace quantrial::jinja
