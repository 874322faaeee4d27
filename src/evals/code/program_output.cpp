#include "evals/code/program_output.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "base/strip.h"

namespace quantrial {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  text = stripped(text);
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(stripped(text.substr(0, end)));
    if (end == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

// A decimal as sign, digits without zeros at either end, and the power of ten of the first digit.
struct Decimal {
  bool negative = false;
  std::string digits;
  long long exponent = 0;

  bool operator==(const Decimal&) const = default;
};

std::optional<Decimal> decimal_of(std::string_view text) {
  Decimal d;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    d.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  long long scale = 0;
  bool point = false, any = false;
  size_t i = 0;
  for (; i < text.size() && (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == '.');
       ++i) {
    if (text[i] == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    any = true;
    d.digits += text[i];
    if (point) --scale;
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {  // an exponent of a few digits
    const std::string_view rest = text.substr(i + 1);
    const size_t sign = !rest.empty() && (rest[0] == '-' || rest[0] == '+') ? 1 : 0;
    const std::string_view power = rest.substr(sign);
    const bool whole = std::all_of(power.begin(), power.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
    if ((text[i] != 'e' && text[i] != 'E') || power.empty() || power.size() > 9 || !whole) {
      return std::nullopt;
    }
    scale += (rest[0] == '-' ? -1 : 1) * std::stoll(std::string(power));
  }
  const size_t first = std::min(d.digits.find_first_not_of('0'), d.digits.size());
  d.digits.erase(0, first);
  while (!d.digits.empty() && d.digits.back() == '0') {
    d.digits.pop_back();
    ++scale;
  }
  if (d.digits.empty()) return Decimal{};
  d.exponent = scale;
  return d;
}

bool same_decimals(std::string_view a, std::string_view b) {
  while (true) {
    a = stripped(a);
    b = stripped(b);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    const std::string_view first_a = a.substr(0, a.find_first_of(ascii_space));
    const std::string_view first_b = b.substr(0, b.find_first_of(ascii_space));
    const auto x = decimal_of(first_a), y = decimal_of(first_b);
    if (!x || !y || *x != *y) return false;
    a.remove_prefix(first_a.size());
    b.remove_prefix(first_b.size());
  }
}

}  // namespace

bool same_output(std::string_view printed, std::string_view expected) {
  const auto a = lines_of(printed), b = lines_of(expected);
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](std::string_view x, std::string_view y) { return x == y || same_decimals(x, y); });
}

}  // namespace quantrial
