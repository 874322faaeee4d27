// Filters of lists and dicts.
#include <algorithm>

#include "text/jinja/filter_tables.h"
#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"
#include "text/jinja/tests.h"

namespace quantrial::jinja {
namespace {

using Context = FilterContext;

enum class LetterCase { matters, ignored };

// item.a.0.b for the attribute "a.0.b", by items before attributes.
Value path_of(const Value& item, std::string_view path, Budget& budget) {
  Value value = item;
  for (const std::string& part : split(path, ".", -1)) {
    const bool number =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    value = item_of(value, number ? Value(int64_t{std::stol(part)}) : Value(part), budget);
  }
  return value;
}

// The attribute that a filter's argument names: a path, or an index; the item itself without one.
Value keyed(const Value& item, const Value& attribute, LetterCase letter_case, Budget& budget) {
  Value key = item;
  if (attribute.is_integer()) key = item_of(item, attribute, budget);
  if (attribute.is_text()) key = path_of(item, attribute.text(), budget);
  if (letter_case == LetterCase::ignored && key.is_text()) return lower(key.text());
  return key;
}

LetterCase letter_case_of(const Bound& bound, size_t i) {
  return bound.flag(i, false) ? LetterCase::matters : LetterCase::ignored;
}

Value list_of(std::vector<Value> items, Budget& budget) {
  budget.take_bytes(items.size() * sizeof(Value));
  return Value::list(std::move(items));
}

Value length(const Context& c) {
  c.bind({});
  if (c.value.is_undefined()) return int64_t{0};
  if (c.value.is_text()) return static_cast<int64_t>(text_length(c.value.text()));
  if (c.value.is_dict()) return static_cast<int64_t>(c.value.dict().items.size());
  if (c.value.is_list()) return static_cast<int64_t>(c.value.items().size());
  throw Error("{}: object of type '{}' has no len()", c.name, type_name(c.value));
}

Value default_value(const Context& c) {
  const Bound bound = c.bind({"default_value", "boolean"});
  const bool missing = c.value.is_undefined() || (bound.flag(1, false) && !is_true(c.value));
  return missing ? bound.get(0, Value(std::string())) : c.value;
}

Value first(const Context& c) {
  c.bind({});
  const auto items = elements(c.value);
  return items.empty() ? Value::undefined("first: the sequence was empty") : items.front();
}

Value last(const Context& c) {
  c.bind({});
  const auto items = elements(c.value);
  return items.empty() ? Value::undefined("last: the sequence was empty") : items.back();
}

Value list(const Context& c) {
  c.bind({});
  return list_of(elements(c.value), c.budget);
}

Value items(const Context& c) {
  c.bind({});
  if (c.value.is_undefined()) return Value::list({});
  if (!c.value.is_dict()) throw Error("items: a mapping is needed, not '{}'", type_name(c.value));
  std::vector<Value> pairs;
  for (const auto& [key, value] : c.value.dict().items) pairs.push_back(Value::tuple({key, value}));
  return list_of(std::move(pairs), c.budget);
}

Value join(const Context& c) {
  const Bound bound = c.bind({"d", "attribute"});
  const std::string separator = to_text(bound.get(0, Value(std::string())));
  const Value attribute = bound.get(1, Value::none());
  std::string out;
  bool is_first = true;
  for (const Value& item : elements(c.value)) {
    const std::string text = to_text(keyed(item, attribute, LetterCase::matters, c.budget));
    c.budget.take_bytes(text.size() + separator.size());
    if (!is_first) out += separator;
    is_first = false;
    out += text;
  }
  return out;
}

Value reverse(const Context& c) {
  c.bind({});
  auto all = elements(c.value);
  std::ranges::reverse(all);
  return c.value.is_text() ? concatenated(all, c.budget) : list_of(std::move(all), c.budget);
}

// Sorts by `less`, which throws for values without an order.
template <typename Item, typename Key>
void sort_by(std::vector<Item>& all, Key&& key, bool descending, Budget& budget) {
  std::ranges::stable_sort(all, [&](const Item& a, const Item& b) {
    const Value x = key(a), y = key(b);
    budget.take_steps(std::min(reading_steps(x), reading_steps(y)));
    return descending ? less(y, x) : less(x, y);
  });
}

Value sort(const Context& c) {
  const Bound bound = c.bind({"reverse", "case_sensitive", "attribute"});
  const Value attribute = bound.get(2, Value::none());
  const LetterCase letter_case = letter_case_of(bound, 1);
  const auto paths =
      attribute.is_text() ? split(attribute.text(), ",", -1) : std::vector<std::string>();
  const auto key = [&](const Value& item) {
    if (paths.size() < 2) return keyed(item, attribute, letter_case, c.budget);
    std::vector<Value> parts;
    for (const auto& path : paths) parts.push_back(keyed(item, Value(path), letter_case, c.budget));
    return Value::tuple(std::move(parts));
  };
  auto all = elements(c.value);
  sort_by(all, key, bound.flag(0, false), c.budget);
  return list_of(std::move(all), c.budget);
}

Value dictsort(const Context& c) {
  const Bound bound = c.bind({"case_sensitive", "by", "reverse"});
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") throw Error("dictsort: by must be key or value");
  if (!c.value.is_dict())
    throw Error("dictsort: a mapping is needed, not '{}'", type_name(c.value));
  auto pairs = c.value.dict().items;
  const auto key = [&](const auto& pair) {
    const Value& value = by == "key" ? pair.first : pair.second;
    return keyed(value, Value::none(), letter_case_of(bound, 0), c.budget);
  };
  sort_by(pairs, key, bound.flag(2, false), c.budget);
  std::vector<Value> out;
  for (auto& [k, v] : pairs) out.push_back(Value::tuple({k, v}));
  return list_of(std::move(out), c.budget);
}

Value unique(const Context& c) {
  const Bound bound = c.bind({"case_sensitive", "attribute"});
  std::vector<Value> keys, kept;
  for (const Value& item : elements(c.value)) {
    const Value key = keyed(item, bound.get(1, Value::none()), letter_case_of(bound, 0), c.budget);
    c.budget.take_steps(1 + keys.size() + reading_steps(key));
    if (std::ranges::any_of(keys, [&](const Value& other) { return equal(key, other); })) continue;
    keys.push_back(key);
    kept.push_back(item);
  }
  return list_of(std::move(kept), c.budget);
}

enum class Extreme { lowest, highest };

template <Extreme extreme>
Value extreme_of(const Context& c) {
  const Bound bound = c.bind({"case_sensitive", "attribute"});
  const auto all = elements(c.value);
  if (all.empty()) return Value::undefined(fmt::format("{}: the sequence was empty", c.name));
  const auto key = [&](const Value& item) {
    return keyed(item, bound.get(1, Value::none()), letter_case_of(bound, 0), c.budget);
  };
  size_t best = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    const Value candidate = key(all[i]), so_far = key(all[best]);
    if (extreme == Extreme::lowest ? less(candidate, so_far) : less(so_far, candidate)) best = i;
  }
  return all[best];
}

Value sum(const Context& c) {
  const Bound bound = c.bind({"attribute", "start"});
  Value total = bound.get(1, Value(int64_t{0}));
  for (const Value& item : elements(c.value)) {
    const Value value = keyed(item, bound.get(0, Value::none()), LetterCase::matters, c.budget);
    total = arithmetic(BinaryOperator::add, total, value, c.budget);
  }
  return total;
}

Value attr(const Context& c) {
  const Value name = c.bind({"name"}).required(0);
  if (c.value.is_dict() && !name.is_undefined()) {
    const auto found = attribute_of(Value::dict({}), to_text(name));  // attributes alone, not keys
    return found.is_undefined() ? found : attribute_of(c.value, to_text(name));
  }
  return attribute_of(c.value, to_text(name));
}

// map('filter', arguments...) or map(attribute='path', default=...)
Value map(const Context& c) {
  std::vector<Value> out;
  if (c.arguments.positional.empty()) {
    const Bound bound("map", {"attribute", "default"}, c.arguments);
    for (const Value& item : elements(c.value)) {
      Value value = keyed(item, bound.required(0), LetterCase::matters, c.budget);
      out.push_back(value.is_undefined() && bound.has(1) ? bound.required(1) : std::move(value));
    }
    return list_of(std::move(out), c.budget);
  }
  const std::string filter = to_text(c.arguments.positional[0]);
  Arguments rest{{c.arguments.positional.begin() + 1, c.arguments.positional.end()},
                 c.arguments.keyword};
  for (const Value& item : elements(c.value))
    out.push_back(apply_filter(filter, item, rest, c.budget));
  return list_of(std::move(out), c.budget);
}

enum class Keep { passing, failing };
enum class Tested { item, attribute };

// select('test', arguments...) and selectattr('path', 'test', arguments...); without a test, by
// truth.
template <Keep keep, Tested tested>
Value choose(const Context& c) {
  auto positional = c.arguments.positional;
  Value attribute = Value::none();
  if (tested == Tested::attribute) {
    if (positional.empty()) throw Error("{}: the name of an attribute is missing", c.name);
    attribute = positional[0];
    positional.erase(positional.begin());
  }
  std::string test;
  if (!positional.empty()) {
    test = to_text(positional[0]);
    positional.erase(positional.begin());
  }
  const Arguments rest{std::move(positional), c.arguments.keyword};
  std::vector<Value> out;
  for (const Value& item : elements(c.value)) {
    const Value value = keyed(item, attribute, LetterCase::matters, c.budget);
    const bool passes = test.empty() ? is_true(value) : apply_test(test, value, rest, c.budget);
    if (passes == (keep == Keep::passing)) out.push_back(item);
  }
  return list_of(std::move(out), c.budget);
}

Value batch(const Context& c) {
  const Bound bound = c.bind({"linecount", "fill_with"});
  const int64_t size = to_index(bound.required(0), "batch");
  if (size < 1 || size > 100'000) throw Error("batch: a size of {}", size);
  std::vector<Value> batches, current;
  for (const Value& item : elements(c.value)) {
    if (std::ssize(current) == size)
      batches.push_back(list_of(std::exchange(current, {}), c.budget));
    current.push_back(item);
  }
  if (!current.empty()) {
    const Value fill = bound.get(1, Value::none());
    if (!fill.is_none()) current.resize(static_cast<size_t>(size), fill);
    batches.push_back(list_of(std::move(current), c.budget));
  }
  return list_of(std::move(batches), c.budget);
}

Value slice(const Context& c) {
  const Bound bound = c.bind({"slices", "fill_with"});
  const int64_t count = to_index(bound.required(0), "slice");
  if (count < 1 || count > 100'000) throw Error("slice: a number of {} slices", count);
  const auto all = elements(c.value);
  const size_t slices = static_cast<size_t>(count);
  const size_t each = all.size() / slices, longer = all.size() % slices;
  std::vector<Value> out;
  auto next = all.begin();
  for (size_t i = 0; i < slices; ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>(each + (i < longer ? 1 : 0));
    std::vector<Value> part(next, end);
    const Value fill = bound.get(1, Value::none());
    if (!fill.is_none() && i >= longer) part.push_back(fill);
    out.push_back(list_of(std::move(part), c.budget));
    next = end;
  }
  return list_of(std::move(out), c.budget);
}

constexpr NamedFilter filters[] = {
    {"length", length},
    {"count", length},
    {"default", default_value},
    {"d", default_value},
    {"first", first},
    {"last", last},
    {"list", list},
    {"items", items},
    {"join", join},
    {"reverse", reverse},
    {"sort", sort},
    {"dictsort", dictsort},
    {"unique", unique},
    {"min", extreme_of<Extreme::lowest>},
    {"max", extreme_of<Extreme::highest>},
    {"sum", sum},
    {"attr", attr},
    {"map", map},
    {"select", choose<Keep::passing, Tested::item>},
    {"reject", choose<Keep::failing, Tested::item>},
    {"selectattr", choose<Keep::passing, Tested::attribute>},
    {"rejectattr", choose<Keep::failing, Tested::attribute>},
    {"batch", batch},
    {"slice", slice},
};

}  // namespace

std::span<const NamedFilter> sequence_filters() { return filters; }

}  // namespace quantrial::jinja
