#include "text/jinja/methods.h"

#include <algorithm>
#include <optional>
#include <span>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

struct Context {
  const Value& object;
  const Arguments& arguments;
  Budget& budget;
  std::string_view name;

  const std::string& text() const { return object.text(); }
  Bound bind(std::initializer_list<std::string_view> names) const {
    return Bound(name, names, arguments);
  }
};

using Method = Value (*)(const Context&);
struct NamedMethod {
  std::string_view name;
  Method method;
};

Value texts(std::vector<std::string> parts) {
  std::vector<Value> items;
  for (auto& part : parts) items.emplace_back(std::move(part));
  return Value::list(std::move(items));
}

// An optional text argument that may be None.
std::optional<std::string> optional_text(const Bound& bound, size_t i) {
  if (bound.get(i, Value::none()).is_none()) return std::nullopt;
  return bound.text(i, "");
}

template <Side side>
Value strip(const Context& c) {
  const auto unwanted = optional_text(c.bind({"chars"}), 0);
  c.budget.take_steps(c.text().size() / 16 * (1 + unwanted.value_or("").size()));
  return std::string(stripped(c.text(), unwanted, side));
}

template <auto split_by>
Value split_text(const Context& c) {
  const Bound bound = c.bind({"sep", "maxsplit"});
  const auto separator = optional_text(bound, 0);
  if (separator && separator->empty()) throw Error("split: empty separator");
  auto parts = split_by(c.text(), separator, bound.integer(1, -1));
  c.budget.take_bytes(c.text().size() + parts.size() * sizeof(Value));
  return texts(std::move(parts));
}

enum class End { front, back };

template <End end>
Value affix_matches(const Context& c) {
  const Value affix = c.bind({"affix"}).required(0);
  const auto matches = [&](const Value& part) {
    if (!part.is_text())
      throw Error("{}: a str or a tuple of str is needed, not {}", c.name, type_name(part));
    return end == End::front ? c.text().starts_with(part.text()) : c.text().ends_with(part.text());
  };
  if (!affix.is_list()) return matches(affix);
  return std::ranges::any_of(affix.items(), matches);
}

template <End end>
Value remove_affix(const Context& c) {
  const std::string affix = c.bind({"affix"}).text(0, "");
  std::string_view text = c.text();
  if (end == End::front && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (end == End::back && text.ends_with(affix)) text.remove_suffix(affix.size());
  return std::string(text);
}

Value replace(const Context& c) {
  const Bound bound = c.bind({"old", "new", "count"});
  bound.required(1);
  const std::string from = bound.text(0, ""), to = bound.text(1, "");
  c.budget.take_bytes(replaced_bytes(c.text(), from, to));
  return replaced(c.text(), from, to, bound.integer(2, -1));
}

template <auto map>
Value map_text(const Context& c) {
  c.bind({});
  c.budget.take_steps(c.text().size());
  c.budget.take_bytes(c.text().size());
  return map(c.text());
}

template <TextClass text_class>
Value is_text_class(const Context& c) {
  c.bind({});
  return is_all(c.text(), text_class);
}

// Code points before a byte offset; -1 for npos.
int64_t position(std::string_view text, size_t offset) {
  return offset == text.npos ? -1 : static_cast<int64_t>(text_length(text.substr(0, offset)));
}

template <End from>
Value find(const Context& c) {
  const std::string part = c.bind({"sub"}).text(0, "");
  const std::string_view text = c.text();
  return position(text, from == End::front ? text.find(part) : text.rfind(part));
}

Value index_of_text(const Context& c) {
  const int64_t at = position(c.text(), c.text().find(c.bind({"sub"}).text(0, "")));
  if (at < 0) throw Error("index: substring not found");
  return at;
}

template <End from>
Value partition(const Context& c) {
  const std::string separator = c.bind({"sep"}).text(0, "");
  if (separator.empty()) throw Error("{}: empty separator", c.name);
  const std::string_view text = c.text();
  const size_t at = from == End::front ? text.find(separator) : text.rfind(separator);
  std::vector<Value> parts(3, Value(std::string()));
  if (at == text.npos) {
    parts[from == End::front ? 0 : 2] = Value(std::string(text));
  } else {
    parts = {Value(std::string(text.substr(0, at))), Value(separator),
             Value(std::string(text.substr(at + separator.size())))};
  }
  return Value::tuple(std::move(parts));
}

Value join(const Context& c) {
  std::string out;
  const auto items = elements(c.bind({"iterable"}).required(0));
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_text()) throw Error("join: element {} is {}, not str", i, type_name(items[i]));
    c.budget.take_bytes(items[i].text().size() + c.text().size());
    if (i > 0) out += c.text();
    out += items[i].text();
  }
  return out;
}

template <bool left, bool right>
Value justify(const Context& c) {
  const Bound bound = c.bind({"width", "fillchar"});
  const std::string fill = bound.text(1, " ");
  const auto length = static_cast<int64_t>(text_length(c.text()));
  const int64_t width = to_index(bound.required(0), c.name);
  const int64_t missing = width > length ? width - length : 0;
  if (missing > int64_t{max_value_bytes})
    throw Error("{}: the width is too large (memory limit)", c.name);
  c.budget.take_bytes(static_cast<size_t>(missing) * fill.size() + c.text().size());
  const int64_t before = left && right ? missing / 2 + (missing & width & 1) : left ? missing : 0;
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += fill;
  out += c.text();
  for (int64_t i = before; i < missing; ++i) out += fill;
  return out;
}

Value zero_fill(const Context& c) {
  const int64_t width = to_index(c.bind({"width"}).required(0), c.name);
  const int64_t missing = std::max<int64_t>(0, width - static_cast<int64_t>(text_length(c.text())));
  if (missing > int64_t{max_value_bytes})
    throw Error("zfill: the width is too large (memory limit)");
  c.budget.take_bytes(static_cast<size_t>(missing) + c.text().size());
  std::string out = c.text();
  return out.insert(out.starts_with('-') || out.starts_with('+') ? 1 : 0,
                    static_cast<size_t>(missing), '0');
}

Value lines(const Context& c) {
  const auto ends = c.bind({"keepends"}).flag(0, false) ? LineEnds::keep : LineEnds::drop;
  auto all = split_lines(c.text(), ends);
  c.budget.take_bytes(c.text().size() + all.size() * sizeof(Value));
  return texts(std::move(all));
}

Value count_in_text(const Context& c) { return count_of(c.text(), c.bind({"sub"}).text(0, "")); }

// "{} {name}".format(...): fields without conversions.
Value format(const Context& c) {
  std::string out;
  std::string_view rest = c.text();
  size_t next = 0;
  while (!rest.empty()) {
    const char first = rest[0];
    if ((first == '{' || first == '}') && rest.size() > 1 && rest[1] == first) {
      out += first;
      rest.remove_prefix(2);
    } else if (first == '{') {
      const size_t close = rest.find('}');
      if (close == rest.npos) throw Error("format: '{{' without '}}'");
      const std::string field(rest.substr(1, close - 1));
      rest.remove_prefix(close + 1);
      const bool number = !field.empty() && field.find_first_not_of("0123456789") == field.npos;
      const size_t place = field.empty()                ? next++
                           : number && field.size() < 9 ? std::stoul(field)
                                                        : SIZE_MAX;
      const Value* value = c.arguments.find_keyword(field);
      if (place < c.arguments.positional.size()) value = &c.arguments.positional[place];
      if (value == nullptr) throw Error("format: no argument for the field {{{}}}", escaped(field));
      c.budget.take_bytes(value->extent().bytes);
      out += to_text(*value);
    } else {
      out += first;
      rest.remove_prefix(1);
    }
  }
  return out;
}

constexpr NamedMethod text_methods[] = {
    {"strip", strip<Side::both>},
    {"lstrip", strip<Side::left>},
    {"rstrip", strip<Side::right>},
    {"split", split_text<split>},
    {"rsplit", split_text<split_from_right>},
    {"splitlines", lines},
    {"partition", partition<End::front>},
    {"rpartition", partition<End::back>},
    {"startswith", affix_matches<End::front>},
    {"endswith", affix_matches<End::back>},
    {"removeprefix", remove_affix<End::front>},
    {"removesuffix", remove_affix<End::back>},
    {"replace", replace},
    {"upper", map_text<upper>},
    {"lower", map_text<lower>},
    {"title", map_text<title>},
    {"capitalize", map_text<capitalized>},
    {"isalpha", is_text_class<TextClass::alphabetic>},
    {"isdigit", is_text_class<TextClass::decimal>},
    {"isdecimal", is_text_class<TextClass::decimal>},
    {"isnumeric", is_text_class<TextClass::decimal>},
    {"isalnum", is_text_class<TextClass::alphanumeric>},
    {"isspace", is_text_class<TextClass::space>},
    {"islower", is_text_class<TextClass::lower>},
    {"isupper", is_text_class<TextClass::upper>},
    {"find", find<End::front>},
    {"rfind", find<End::back>},
    {"index", index_of_text},
    {"count", count_in_text},
    {"join", join},
    {"ljust", justify<false, true>},
    {"rjust", justify<true, false>},
    {"center", justify<true, true>},
    {"zfill", zero_fill},
    {"format", format},
};

Value list_index(const Context& c) {
  const Value item = c.bind({"value"}).required(0);
  c.budget.take_steps(reading_steps(c.object));
  const auto& items = c.object.items();
  const auto found =
      std::ranges::find_if(items, [&](const Value& other) { return equal(item, other); });
  if (found == items.end()) throw Error("index: {} is not in the list", escaped(to_repr(item)));
  return static_cast<int64_t>(found - items.begin());
}

Value list_count(const Context& c) {
  const Value item = c.bind({"value"}).required(0);
  c.budget.take_steps(reading_steps(c.object));
  return static_cast<int64_t>(std::ranges::count_if(
      c.object.items(), [&](const Value& other) { return equal(item, other); }));
}

Value same_object(const Context& c) {
  c.bind({});
  return c.object;
}

constexpr NamedMethod list_methods[] = {
    {"index", list_index}, {"count", list_count}, {"copy", same_object}};

Value dict_get(const Context& c) {
  const Bound bound = c.bind({"key", "default"});
  const Value* found = c.object.dict().find(bound.required(0));
  return found != nullptr ? *found : bound.get(1, Value::none());
}

Value dict_keys(const Context& c) {
  c.bind({});
  return Value::list(elements(c.object));
}

Value dict_values(const Context& c) {
  c.bind({});
  std::vector<Value> values;
  for (const auto& [key, value] : c.object.dict().items) values.push_back(value);
  return Value::list(std::move(values));
}

Value dict_items(const Context& c) {
  c.bind({});
  std::vector<Value> items;
  for (const auto& [key, value] : c.object.dict().items)
    items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

constexpr NamedMethod dict_methods[] = {{"get", dict_get},
                                        {"keys", dict_keys},
                                        {"values", dict_values},
                                        {"items", dict_items},
                                        {"copy", same_object}};

Value loop_cycle(const Context& c) {
  const auto& loop = *std::get<std::shared_ptr<Loop>>(c.object.variant());
  if (c.arguments.positional.empty()) throw Error("loop.cycle: no items for cycling given");
  return c.arguments.positional[loop.index0 % c.arguments.positional.size()];
}

Value loop_changed(const Context& c) {
  auto& loop = *std::get<std::shared_ptr<Loop>>(c.object.variant());
  const Value now = Value::tuple(c.arguments.positional);
  c.budget.take_steps(reading_steps(now));
  if (loop.last_changed != nullptr && equal(*loop.last_changed, now)) return false;
  loop.last_changed = std::make_shared<Value>(now);
  return true;
}

constexpr NamedMethod loop_methods[] = {{"cycle", loop_cycle}, {"changed", loop_changed}};

std::span<const NamedMethod> methods_of(const Value& object) {
  if (object.is_text()) return text_methods;
  if (object.is_dict()) return dict_methods;
  if (object.is<std::shared_ptr<Loop>>()) return loop_methods;
  if (object.is_list())
    return std::span(list_methods).first(object.list_pointer()->is_tuple ? 2 : 3);
  return {};
}

const NamedMethod* method_of(const Value& object, std::string_view name) {
  const auto methods = methods_of(object);
  const auto found = std::ranges::find(methods, name, &NamedMethod::name);
  return found == methods.end() ? nullptr : &*found;
}

}  // namespace

bool has_method(const Value& object, std::string_view name) {
  return method_of(object, name) != nullptr;
}

Value call_method(const BoundMethod& method, const Arguments& arguments, Budget& budget) {
  budget.take_steps(reading_steps(method.object));
  const NamedMethod* found = method_of(method.object, method.name);
  require(found != nullptr, "jinja: a bound method without a method");
  return found->method({method.object, arguments, budget, found->name});
}

}  // namespace quantrial::jinja
