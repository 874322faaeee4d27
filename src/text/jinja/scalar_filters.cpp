// Filters of texts and numbers, and tojson.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "text/jinja/filter_tables.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

using Context = FilterContext;

template <auto map>
Value map_text(const Context& c) {
  c.bind({});
  const std::string text = to_text(c.value);
  c.budget.take_steps(text.size());
  c.budget.take_bytes(text.size());
  return map(text);
}

Value trim(const Context& c) {
  const Bound bound = c.bind({"chars"});
  std::optional<std::string> unwanted;
  if (!bound.get(0, Value::none()).is_none()) unwanted = bound.text(0, "");
  const std::string text = to_text(c.value);
  c.budget.take_steps(text.size() / 16 * (1 + unwanted.value_or("").size()));
  c.budget.take_bytes(text.size());
  return std::string(stripped(text, unwanted, Side::both));
}

Value escape(const Context& c) {
  c.bind({});
  if (c.value.is_safe_text() && c.name != "forceescape") return c.value;
  const std::string text = to_text(c.value);
  c.budget.take_bytes(5 * text.size());
  return Value(html_escaped(text), true);
}

Value safe(const Context& c) {
  c.bind({});
  return Value(to_text(c.value), true);
}

Value to_string_filter(const Context& c) {
  c.bind({});
  if (c.value.is_text()) return c.value;
  c.budget.take_bytes(c.value.extent().bytes);
  return to_text(c.value);
}

Value replace(const Context& c) {
  const Bound bound = c.bind({"old", "new", "count"});
  const std::string text = to_text(c.value), from = to_text(bound.required(0)),
                    to = to_text(bound.required(1));
  c.budget.take_bytes(replaced_bytes(text, from, to));
  const int64_t limit = bound.get(2, Value::none()).is_none() ? -1 : bound.integer(2, -1);
  return replaced(text, from, to, limit);
}

Value indent(const Context& c) {
  const Bound bound = c.bind({"width", "first", "blank"});
  const Value width = bound.get(0, Value(int64_t{4}));
  std::string indention;
  if (width.is_text()) {
    indention = width.text();
  } else {
    const int64_t count = to_index(width, "indent");
    if (count > int64_t{max_value_bytes})
      throw Error("indent: the width is too large (memory limit)");
    indention.assign(static_cast<size_t>(std::max<int64_t>(0, count)), ' ');
  }
  const auto lines = split_lines(to_text(c.value) + "\n", LineEnds::drop);
  const bool blank = bound.flag(2, false);
  std::string out = bound.flag(1, false) ? indention : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    c.budget.take_bytes(indention.size() + lines[i].size() + 1);
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) out += indention;
    out += lines[i];
  }
  return out;
}

Value center(const Context& c) {
  const int64_t width = c.bind({"width"}).integer(0, 80);
  const std::string text = to_text(c.value);
  const auto length = static_cast<int64_t>(text_length(text));
  if (width > int64_t{max_value_bytes})
    throw Error("center: the width is too large (memory limit)");
  const int64_t missing = std::max<int64_t>(0, width - length);
  c.budget.take_bytes(text.size() + static_cast<size_t>(missing));
  const int64_t before = missing / 2 + (missing & width & 1);  // as CPython rounds
  return std::string(static_cast<size_t>(before), ' ') + text +
         std::string(static_cast<size_t>(missing - before), ' ');
}

Value truncate(const Context& c) {
  const Bound bound = c.bind({"length", "killwords", "end", "leeway"});
  const int64_t length = bound.integer(0, 255), leeway = bound.integer(3, 5);
  const std::string end = bound.text(2, "...");
  const auto end_length = static_cast<int64_t>(text_length(end));
  if (length < end_length)
    throw Error("truncate: expected length >= {}, got {}", end_length, length);
  if (leeway < 0) throw Error("truncate: expected leeway >= 0, got {}", leeway);
  const std::string text = to_text(c.value);
  const auto all = characters(text);
  if (static_cast<int64_t>(all.size()) - leeway <= length) return text;
  std::string kept;
  for (int64_t i = 0; i < length - end_length; ++i) kept += all[static_cast<size_t>(i)];
  if (!bound.flag(1, false))
    kept = kept.substr(0, kept.rfind(' '));  // whole words: rsplit(" ", 1)[0]
  return kept + end;
}

Value format(const Context& c) {
  if (!c.arguments.keyword.empty()) throw Error("format: keyword arguments are not supported");
  return printf_formatted(Value(to_text(c.value)), c.arguments.positional, c.budget);
}

Value word_count(const Context& c) {
  c.bind({});
  int64_t count = 0;
  bool in_word = false;
  const std::string text = to_text(c.value);
  for (const auto character : characters(text)) {
    const bool word = character == "_" || is_all(character, TextClass::alphanumeric);
    count += word && !in_word ? 1 : 0;
    in_word = word;
  }
  return count;
}

// A number as Python's float() reads it: white space around it, underscores between digits.
std::optional<double> parsed_float(std::string_view text) {
  std::string digits = lower(stripped(text, std::nullopt, Side::both));
  std::erase(digits, '_');
  const bool plus = digits.starts_with('+');
  double number = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data() + (plus ? 1 : 0), end, number);
  if (digits.empty() || result.ptr != end || result.ec == std::errc::invalid_argument)
    return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) return HUGE_VAL;
  return number;
}

std::optional<int64_t> parsed_integer(std::string_view text, int64_t base) {
  std::string digits = lower(stripped(text, std::nullopt, Side::both));
  std::erase(digits, '_');
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  for (const auto& [prefix, its_base] : {std::pair{"0x", 16}, {"0o", 8}, {"0b", 2}}) {
    if (digits.starts_with(prefix) && (base == its_base || base == 0)) {
      digits.erase(0, 2);
      base = its_base;
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36 || digits.empty()) return std::nullopt;
  int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number, static_cast<int>(base));
  if (result.ptr != end || result.ec != std::errc()) return std::nullopt;
  return negative ? -number : number;
}

std::optional<int64_t> truncated(std::optional<double> number) {
  if (!number || !(std::abs(*number) < 0x1p63)) return std::nullopt;
  return static_cast<int64_t>(*number);
}

Value to_integer(const Context& c) {
  const Bound bound = c.bind({"default", "base"});
  const Value fallback = bound.get(0, Value(int64_t{0}));
  if (c.value.is_undefined()) fail_undefined(c.value);
  std::optional<int64_t> number;
  if (c.value.is<double>()) {
    number = truncated(c.value.number());
  } else if (c.value.is_number()) {
    number = to_index(c.value, "int");
  } else if (c.value.is_text()) {
    number = parsed_integer(c.value.text(), bound.integer(1, 10));
    if (!number) number = truncated(parsed_float(c.value.text()));
  }
  return number ? Value(*number) : fallback;
}

Value to_float(const Context& c) {
  const Value fallback = c.bind({"default"}).get(0, Value(0.0));
  if (c.value.is_undefined()) fail_undefined(c.value);
  if (c.value.is_number()) return c.value.number();
  const auto number = c.value.is_text() ? parsed_float(c.value.text()) : std::nullopt;
  return number ? Value(*number) : fallback;
}

const Value& checked_number(const Context& c) {
  if (c.value.is_undefined()) fail_undefined(c.value);
  if (!c.value.is_number())
    throw Error("{}: a number is needed, not '{}'", c.name, type_name(c.value));
  return c.value;
}

Value absolute(const Context& c) {
  c.bind({});
  const Value& number = checked_number(c);
  if (number.is<double>()) return std::abs(number.number());
  return to_index(number, "abs") < 0 ? negated(number) : Value(to_index(number, "abs"));
}

Value round_number(const Context& c) {
  const Bound bound = c.bind({"precision", "method"});
  const int64_t precision = bound.integer(0, 0);
  const std::string method = bound.text(1, "common");
  const Value& value = checked_number(c);
  if (precision < -300 || precision > 300) throw Error("round: a precision of {}", precision);
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return std::ceil(value.number() * scale) / scale;
  if (method == "floor") return std::floor(value.number() * scale) / scale;
  if (method != "common") throw Error("round: method must be common, ceil or floor");
  if (!value.is<double>() && precision >= 0) return to_index(value, "round");
  if (!std::isfinite(value.number())) return value;
  if (precision < 0) {
    const double rounded = std::nearbyint(value.number() * scale) / scale;
    return value.is<double>() ? Value(rounded) : Value(static_cast<int64_t>(rounded));
  }
  // The exact decimal expansion rounded half to even, as Python's round().
  return *parsed_float(fmt::format("{:.{}f}", value.number(), precision));
}

Value tojson(const Context& c) {
  const Bound bound = c.bind({"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag(0, false);
  style.sort_keys = bound.flag(3, false);
  if (!bound.get(1, Value::none()).is_none()) {
    style.indent = static_cast<int>(std::clamp<int64_t>(bound.integer(1, 0), 0, 1000));
    style.item_separator = ",";
  }
  if (const Value separators = bound.get(2, Value::none()); !separators.is_none()) {
    const auto parts = elements(separators);
    if (parts.size() != 2) throw Error("tojson: separators must be two texts");
    style.item_separator = to_text(parts[0]);
    style.key_separator = to_text(parts[1]);
  }
  std::string text = to_json(c.value, style);
  c.budget.take_bytes(text.size());
  return text;
}

constexpr NamedFilter filters[] = {
    {"trim", trim},
    {"upper", map_text<upper>},
    {"lower", map_text<lower>},
    {"title", map_text<title_words>},
    {"capitalize", map_text<capitalized>},
    {"escape", escape},
    {"e", escape},
    {"forceescape", escape},
    {"safe", safe},
    {"string", to_string_filter},
    {"replace", replace},
    {"indent", indent},
    {"center", center},
    {"truncate", truncate},
    {"format", format},
    {"wordcount", word_count},
    {"int", to_integer},
    {"float", to_float},
    {"abs", absolute},
    {"round", round_number},
    {"tojson", tojson},
};

}  // namespace

std::span<const NamedFilter> scalar_filters() { return filters; }

}  // namespace quantrial::jinja
