#include "text/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/budget.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// The extent of a container around values of the extents given to `add`.
class ContainerExtent {
 public:
  void add(const Extent& extent) {
    deepest_ = std::max(deepest_, extent.depth);
    bytes_ += extent.bytes;
    if (bytes_ > max_value_bytes) throw Error("a list or dict gets too large (memory limit)");
  }
  Extent get() const {
    if (deepest_ >= max_value_depth)
      throw Error("lists and dicts nest deeper than {}", max_value_depth);
    return {deepest_ + 1, bytes_ + 2};
  }

 private:
  int deepest_ = 0;
  size_t bytes_ = 0;
};

Value make_list(std::vector<Value> items, bool is_tuple) {
  ContainerExtent extent;
  for (const Value& item : items) extent.add(item.extent());
  return Value(
      Value::Variant(std::make_shared<const List>(List{std::move(items), extent.get(), is_tuple})));
}

bool is_hashable(const Value& key) {
  if (key.is_dict()) return false;
  if (!key.is_list()) return true;
  return key.list_pointer()->is_tuple && std::ranges::all_of(key.items(), is_hashable);
}

std::string repr_of_text(std::string_view text) {
  const bool double_quotes = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string repr_of_list(const List& list) {
  std::string out(1, list.is_tuple ? '(' : '[');
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out += ", ";
    out += to_repr(list.items[i]);
  }
  if (list.is_tuple && list.items.size() == 1) out += ',';
  return out + (list.is_tuple ? ')' : ']');
}

std::string repr_of_dict(const Dict& dict) {
  std::string out = "{";
  for (const auto& [key, value] : dict.items) {
    if (out.size() > 1) out += ", ";
    out += to_repr(key) + ": " + to_repr(value);
  }
  return out + "}";
}

bool equal_lists(const List& a, const List& b) {
  return a.is_tuple == b.is_tuple && std::ranges::equal(a.items, b.items, equal);
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.items.size() != b.items.size()) return false;
  return std::ranges::all_of(a.items, [&](const auto& item) {
    const Value* other = b.find(item.first);
    return other != nullptr && equal(item.second, *other);
  });
}

}  // namespace

const Value* Dict::find(const Value& key) const {
  const auto found =
      std::ranges::find_if(items, [&](const auto& item) { return equal(item.first, key); });
  return found == items.end() ? nullptr : &found->second;
}

const Value* Dict::find(std::string_view key) const {
  const auto found = std::ranges::find_if(
      items, [&](const auto& item) { return item.first.is_text() && item.first.text() == key; });
  return found == items.end() ? nullptr : &found->second;
}

Value* Namespace::find(std::string_view name) {
  const auto found = std::ranges::find_if(
      attributes, [&](const auto& attribute) { return attribute.first == name; });
  return found == attributes.end() ? nullptr : &found->second;
}

Value Value::undefined(std::string why) {
  return Value(Variant(Undefined{std::make_shared<const std::string>(std::move(why))}));
}

Value Value::list(std::vector<Value> items) { return make_list(std::move(items), false); }
Value Value::tuple(std::vector<Value> items) { return make_list(std::move(items), true); }

Value Value::dict(std::vector<std::pair<Value, Value>> items) {
  Dict dict{{}, {}};
  ContainerExtent extent;
  for (auto& [key, value] : items) {
    if (!is_hashable(key)) throw Error("unhashable type: '{}'", type_name(key));
    extent.add(key.extent());
    extent.add(value.extent());
    if (const Value* present = dict.find(key)) {
      *const_cast<Value*>(present) = std::move(value);
    } else {
      dict.items.emplace_back(std::move(key), std::move(value));
    }
  }
  dict.extent = extent.get();
  return Value(Variant(std::make_shared<const Dict>(std::move(dict))));
}

double Value::number() const {
  if (const bool* b = std::get_if<bool>(&variant_)) return *b ? 1 : 0;
  if (const int64_t* i = std::get_if<int64_t>(&variant_)) return static_cast<double>(*i);
  return std::get<double>(variant_);
}

Extent Value::extent() const {
  if (is_text()) return {0, text().size() + 2};
  if (is_list()) return list_pointer()->extent;
  if (is_dict()) return dict().extent;
  ContainerExtent around;
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&variant_)) {
    around.add((*loop)->items->extent);
    return around.get();
  }
  if (const auto* method = std::get_if<std::shared_ptr<const BoundMethod>>(&variant_)) {
    around.add((*method)->object.extent());
    return around.get();
  }
  return {};
}

void fail_undefined(const Value& undefined) {
  const auto& why = std::get<Undefined>(undefined.variant()).why;
  throw Error("{}", why == nullptr ? "a value is undefined" : *why);
}

bool is_true(const Value& value) {
  return std::visit(
      Overloaded{[](const Undefined&) { return false; }, [](const None&) { return false; },
                 [](bool b) { return b; }, [](int64_t i) { return i != 0; },
                 [](double d) { return d != 0; },
                 [](const Text& text) { return !text.utf8->empty(); },
                 [](const std::shared_ptr<const List>& l) { return !l->items.empty(); },
                 [](const std::shared_ptr<const Dict>& d) { return !d->items.empty(); },
                 [](const auto&) { return true; }},
      value.variant());
}

std::string type_name(const Value& value) {
  return std::visit(
      Overloaded{[](const Undefined&) -> std::string { return "Undefined"; },
                 [](const None&) -> std::string { return "NoneType"; },
                 [](bool) -> std::string { return "bool"; },
                 [](int64_t) -> std::string { return "int"; },
                 [](double) -> std::string { return "float"; },
                 [](const Text&) -> std::string { return "str"; },
                 [](const std::shared_ptr<const List>& l) -> std::string {
                   return l->is_tuple ? "tuple" : "list";
                 },
                 [](const std::shared_ptr<const Dict>&) -> std::string { return "dict"; },
                 [](Namespace*) -> std::string { return "Namespace"; },
                 [](const std::shared_ptr<Loop>&) -> std::string { return "LoopContext"; },
                 [](const std::shared_ptr<const Macro>&) -> std::string { return "Macro"; },
                 [](const auto&) -> std::string { return "function"; }},
      value.variant());
}

std::string described(const Value& value) {
  return value.is_none() ? "None" : type_name(value) + " object";
}

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto scientific =
      std::to_chars(buffer, std::end(buffer), value, std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<size_t>(scientific.ptr - buffer));
  const int exponent = std::stoi(std::string(shortest.substr(shortest.find('e') + 1)));
  if (exponent < -4 || exponent >= 16) return std::string(shortest);  // Python's float.__repr__
  const auto fixed = std::to_chars(buffer, std::end(buffer), value, std::chars_format::fixed);
  std::string out(buffer, fixed.ptr);
  if (out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::string to_repr(const Value& value) {
  return std::visit(
      Overloaded{[](const Undefined&) -> std::string { return "Undefined"; },
                 [](const None&) -> std::string { return "None"; },
                 [](bool b) -> std::string { return b ? "True" : "False"; },
                 [](int64_t i) { return std::to_string(i); },
                 [](double d) { return float_repr(d); },
                 [](const Text& t) {
                   return t.safe ? "Markup(" + repr_of_text(*t.utf8) + ")" : repr_of_text(*t.utf8);
                 },
                 [](const std::shared_ptr<const List>& l) { return repr_of_list(*l); },
                 [](const std::shared_ptr<const Dict>& d) { return repr_of_dict(*d); },
                 [&](const auto&) { return "<" + type_name(value) + ">"; }},
      value.variant());
}

std::string to_text(const Value& value) {
  if (value.is_text()) return value.text();
  if (value.is_undefined()) return "";
  return to_repr(value);
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is<double>() || b.is<double>()) return a.number() == b.number();
    return to_index(a, "") == to_index(b, "");
  }
  if (a.variant().index() != b.variant().index()) return false;
  if (a.is_text()) return a.text() == b.text();
  if (a.is_list()) return equal_lists(*a.list_pointer(), *b.list_pointer());
  if (a.is_dict()) return equal_dicts(a.dict(), b.dict());
  if (a.is<Namespace*>())
    return std::get<Namespace*>(a.variant()) == std::get<Namespace*>(b.variant());
  return a.is_undefined() || a.is_none();
}

bool less(const Value& a, const Value& b) {
  for (const Value* value : {&a, &b}) {
    if (value->is_undefined()) fail_undefined(*value);
  }
  if (a.is_number() && b.is_number()) {
    if (a.is<double>() || b.is<double>()) return a.number() < b.number();
    return to_index(a, "") < to_index(b, "");
  }
  if (a.is_text() && b.is_text()) return a.text() < b.text();
  if (a.is_list() && b.is_list()) {
    const auto [x, y] = std::ranges::mismatch(a.items(), b.items(), equal);
    if (x == a.items().end() || y == b.items().end()) return y != b.items().end();
    return less(*x, *y);
  }
  throw Error("'<' not supported between '{}' and '{}'", type_name(a), type_name(b));
}

std::vector<Value> elements(const Value& value) {
  if (value.is_undefined()) return {};
  if (value.is_list()) return value.items();
  std::vector<Value> all;
  if (value.is_dict()) {
    for (const auto& [key, ignored] : value.dict().items) all.push_back(key);
  } else if (value.is_text()) {
    for (const std::string_view character : characters(value.text())) {
      all.emplace_back(std::string(character));
    }
  } else {
    throw Error("'{}' object is not iterable", type_name(value));
  }
  return all;
}

int64_t to_index(const Value& value, std::string_view what) {
  if (const bool* b = std::get_if<bool>(&value.variant())) return *b ? 1 : 0;
  if (const int64_t* i = std::get_if<int64_t>(&value.variant())) return *i;
  if (value.is_undefined()) fail_undefined(value);
  throw Error("{}: an integer is needed, not '{}'", what, type_name(value));
}

}  // namespace quantrial::jinja
