// Python's printf-style formatting of texts.
#include <algorithm>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/python_text.h"

namespace quantrial::jinja {
namespace {

constexpr int64_t max_width = 1000;

struct Directive {
  bool left = false, zero = false, plus = false;
  int64_t width = 0, precision = -1;
  char conversion = 's';
};

// Reads what follows a '%' and removes it from `format`.
Directive take_directive(std::string_view& format) {
  Directive directive;
  const auto next = [&] {
    if (format.empty()) throw Error("incomplete format: a '%' at the end");
    const char c = format[0];
    format.remove_prefix(1);
    return c;
  };
  char c = next();
  for (; c == '-' || c == '0' || c == '+'; c = next()) {
    directive.left = directive.left || c == '-';
    directive.zero = directive.zero || c == '0';
    directive.plus = directive.plus || c == '+';
  }
  const auto number = [&](int64_t value) {
    for (; c >= '0' && c <= '9'; c = next())
      value = std::min(max_width + 1, value * 10 + (c - '0'));
    if (value > max_width) throw Error("a format wider than {} characters", max_width);
    return value;
  };
  directive.width = number(0);
  if (c == '.') {
    c = next();
    directive.precision = number(0);
  }
  directive.conversion = c;
  return directive;
}

std::string converted(const Directive& directive, const Value& value) {
  const int precision = static_cast<int>(directive.precision);
  switch (directive.conversion) {
    case 's':
    case 'r': {
      const std::string text = directive.conversion == 's' ? to_text(value) : to_repr(value);
      if (precision < 0) return text;
      std::string cut;
      for (const auto character : characters(text)) {
        if (text_length(cut) == static_cast<size_t>(precision)) break;
        cut += character;
      }
      return cut;
    }
    case 'd':
    case 'i':
    case 'u':
      if (value.is<double>()) return fmt::format("{:.0f}", std::trunc(value.number()));
      return std::to_string(to_index(value, "%d"));
    case 'x':
      return fmt::format("{:x}", to_index(value, "%x"));
    case 'f':
      if (!value.is_number()) throw Error("%f needs a number, not '{}'", type_name(value));
      return fmt::format("{:.{}f}", value.number(), precision < 0 ? 6 : precision);
    default:
      throw Error("the format %{} is not supported", escaped(std::string(1, directive.conversion)));
  }
}

std::string padded(const Directive& directive, std::string text) {
  if (directive.plus && !text.starts_with('-') && directive.conversion != 's')
    text.insert(0, 1, '+');
  const size_t length = text_length(text);
  const auto width = static_cast<size_t>(directive.width);
  if (length >= width) return text;
  if (directive.left) return text + std::string(width - length, ' ');
  const bool zero = directive.zero && directive.conversion != 's' && directive.conversion != 'r';
  const size_t sign = zero && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return text.insert(sign, width - length, zero ? '0' : ' ');
}

}  // namespace

Value printf_formatted(const Value& format, const std::vector<Value>& arguments, Budget& budget) {
  std::string_view rest = format.text();
  std::string out;
  size_t used = 0;
  while (!rest.empty()) {
    const size_t percent = std::min(rest.find('%'), rest.size());
    out += rest.substr(0, percent);
    rest.remove_prefix(percent);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    const Directive directive = take_directive(rest);
    if (directive.conversion == '%') {
      out += '%';
      continue;
    }
    if (used == arguments.size()) throw Error("not enough arguments for the format");
    std::string text = padded(directive, converted(directive, arguments[used++]));
    budget.take_bytes(text.size());
    out += text;
  }
  if (used < arguments.size()) throw Error("not all arguments were used by the format");
  return Value(std::move(out), format.is_safe_text());
}

}  // namespace quantrial::jinja
