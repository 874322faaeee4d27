// Values from and to JSON (json.dumps of Python, which transformers' `tojson` is).
#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/jinja/budget.h"
#include "text/jinja/python_text.h"
#include "text/jinja/value.h"

namespace quantrial::jinja {
namespace {

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int level) {
    if (out_.size() > style_.max_bytes)
      throw Error("tojson: the text gets too long (memory limit)");
    if (value.is_text()) {
      write_text(value.text());
    } else if (value.is_list()) {
      const auto& items = value.items();
      write_container('[', ']', items.size(), level, [&](size_t i) { write(items[i], level + 1); });
    } else if (value.is_dict()) {
      write_dict(value.dict(), level);
    } else {
      out_ += scalar(value);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (const bool* b = std::get_if<bool>(&value.variant())) return *b ? "true" : "false";
    if (value.is_integer()) return to_repr(value);
    if (value.is<double>()) {
      const double number = value.number();
      if (std::isnan(number)) return "NaN";
      if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
      return float_repr(number);
    }
    throw Error("tojson: an object of type {} is not JSON serializable", type_name(value));
  }

  static std::string key_text(const Value& key) {
    if (key.is_text()) return key.text();
    if (key.is_none() || key.is_number()) return scalar(key);
    throw Error("tojson: keys must be str, int, float, bool or None, not {}", type_name(key));
  }

  void write_dict(const Dict& dict, int level) {
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (style_.sort_keys) {
      std::ranges::stable_sort(
          items, [](const auto* a, const auto* b) { return less(a->first, b->first); });
    }
    write_container('{', '}', items.size(), level, [&](size_t i) {
      write_text(key_text(items[i]->first));
      out_ += style_.key_separator;
      write(items[i]->second, level + 1);
    });
  }

  template <typename WriteItem>
  void write_container(char open, char close, size_t count, int level, WriteItem&& write_item) {
    out_ += open;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line(level + 1);
      write_item(i);
    }
    if (count > 0) new_line(level);
    out_ += close;
  }

  void new_line(int level) {
    if (style_.indent < 0) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(level) * static_cast<size_t>(style_.indent), ' ');
  }

  void write_text(std::string_view text) {
    out_ += '"';
    for (const std::string_view character : characters(text)) write_character(character);
    out_ += '"';
  }

  void write_character(std::string_view character) {
    static constexpr std::string_view plain = "\"\\\b\f\n\r\t";
    static constexpr std::string_view letters = "\"\\bfnrt";
    const size_t short_form = character.size() == 1 ? plain.find(character[0]) : plain.npos;
    const char32_t code_point = code_point_of(character);
    if (short_form != plain.npos) {
      out_ += '\\';
      out_ += letters[short_form];
    } else if (code_point < 0x20 ||
               (style_.ensure_ascii && code_point > 0x7E && code_point < 0x10000)) {
      out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code_point));
    } else if (style_.ensure_ascii && code_point >= 0x10000) {
      const uint32_t offset = static_cast<uint32_t>(code_point) - 0x10000;
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
    } else {
      out_ += character;
    }
  }

  const JsonStyle& style_;
  std::string out_;
};

Value value_of(const nlohmann::ordered_json& json, int level) {
  if (level > max_value_depth)
    throw Error("a template variable nests deeper than {}", max_value_depth);
  if (json.is_null()) return Value::none();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t{INT64_MAX})
    return json.get<double>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_array()) {
    std::vector<Value> items;
    for (const auto& item : json) items.push_back(value_of(item, level + 1));
    return Value::list(std::move(items));
  }
  if (!json.is_object())
    throw Error("a template variable is neither text, number, list nor object");
  std::vector<std::pair<Value, Value>> items;
  for (const auto& [key, value] : json.items()) items.emplace_back(key, value_of(value, level + 1));
  return Value::dict(std::move(items));
}

}  // namespace

Value from_json(const nlohmann::ordered_json& json) { return value_of(json, 0); }

std::string to_json(const Value& value, const JsonStyle& style) {
  Writer writer(style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace quantrial::jinja
