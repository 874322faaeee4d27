#include "evals/code/python_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <set>

namespace quantrial {
namespace {

using Kind = PythonValue::Kind;

// The magnitude of a whole double in hex, as an integer's.
std::string hex_of_whole(double x) {
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(x), &exponent);
  const auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  const int shift = exponent - 53;
  if (shift <= 0) return fmt::format("{:x}", mantissa >> std::min(-shift, 63));
  return fmt::format("{:x}", mantissa << (shift % 4)) +
         std::string(static_cast<size_t>(shift / 4), '0');
}

// A text that two values share exactly when Python calls them equal.
class Key {
 public:
  explicit Key(const PythonValue& value) { put(value); }

  const std::string& text() const { return text_; }
  bool equals_nothing() const { return equals_nothing_; }

 private:
  void put(const PythonValue& v) {
    switch (v.kind) {
      case Kind::none:
        text_ += 'n';
        return;
      case Kind::boolean:
      case Kind::integer:
        put_integer(v.text, v.negative);
        return;
      case Kind::real:
        put_real(v.number);
        return;
      case Kind::complex:
        if (v.imaginary != 0) text_ += 'c';
        put_real(v.number);
        if (v.imaginary != 0) put_real(v.imaginary);
        return;
      case Kind::text:
      case Kind::bytes:
        text_ += fmt::format("{}{}:", v.kind == Kind::text ? 's' : 'b', v.text.size());
        text_ += v.text;
        return;
      case Kind::other:
        equals_nothing_ = true;
        return;
      default:
        put_container(v);
    }
  }

  void put_integer(const std::string& magnitude, bool negative) {
    const bool minus = negative && magnitude != "0";
    text_ += fmt::format("i{}{};", minus ? "-" : "", magnitude);
  }

  void put_real(double x) {
    if (std::isnan(x)) equals_nothing_ = true;
    if (std::isfinite(x) && x == std::trunc(x)) return put_integer(hex_of_whole(x), x < 0);
    text_ += fmt::format("f{:x};", std::bit_cast<uint64_t>(x));
  }

  void put_container(const PythonValue& v) {
    if (v.is_sequence()) {
      text_ += fmt::format("{}{}:", v.kind == Kind::list ? '[' : '(', v.items.size());
      for (const PythonValue& item : v.items) put(item);
      return;
    }
    std::vector<std::string> parts;  // in an order that does not depend on theirs
    const size_t step = v.kind == Kind::dict ? 2 : 1;
    for (size_t i = 0; i < v.items.size(); i += step) {
      std::string part;
      for (size_t j = i; j < i + step; ++j) {
        const Key key(v.items[j]);
        part += key.text();
        equals_nothing_ |= key.equals_nothing();
      }
      parts.push_back(std::move(part));
    }
    std::sort(parts.begin(), parts.end());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    text_ += fmt::format("{}{}:", v.kind == Kind::dict ? '{' : '<', parts.size());
    for (const std::string& part : parts) text_ += part;
  }

  std::string text_;
  bool equals_nothing_ = false;
};

bool is_hashable(const PythonValue& v) {
  if (v.kind == Kind::list || v.kind == Kind::set || v.kind == Kind::dict) return false;
  return std::all_of(v.items.begin(), v.items.end(), is_hashable);
}

// The keys of set(value); none when it cannot be made.
std::optional<std::set<std::string>> as_set(const PythonValue& value) {
  if (!value.is_sequence() && value.kind != Kind::set) return std::nullopt;
  std::set<std::string> keys;
  for (const PythonValue& item : value.items) {
    const Key key(item);
    if (!is_hashable(item) || key.equals_nothing()) return std::nullopt;
    keys.insert(key.text());
  }
  return keys;
}

}  // namespace

bool equal(const PythonValue& a, const PythonValue& b) {
  const Key key_a(a), key_b(b);
  return !key_a.equals_nothing() && !key_b.equals_nothing() && key_a.text() == key_b.text();
}

bool equals_itself(const PythonValue& value) {
  if (value.kind == Kind::other || std::isnan(value.number) || std::isnan(value.imaginary)) {
    return false;
  }
  return std::all_of(value.items.begin(), value.items.end(), equals_itself);
}

bool equal_as_sets(const PythonValue& a, const PythonValue& b) {
  const auto set_a = as_set(a), set_b = as_set(b);
  return set_a && set_b && *set_a == *set_b;
}

double as_double(const PythonValue& value) {
  if (value.kind == Kind::real || value.kind == Kind::complex) return value.number;
  const double magnitude = std::strtod(("0x" + value.text).c_str(), nullptr);
  return value.negative ? -magnitude : magnitude;
}

bool all_close(const PythonValue& a, const PythonValue& b, double atol) {
  constexpr double rtol = 1e-7;
  if (a.is_sequence() && b.is_sequence()) {
    return std::equal(
        a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
        [&](const PythonValue& x, const PythonValue& y) { return all_close(x, y, atol); });
  }
  if (!a.is_number() || !b.is_number()) return false;
  const double real_a = as_double(a), real_b = as_double(b);
  if (real_a == real_b && a.imaginary == b.imaginary) return true;
  if (!std::isfinite(real_a) || !std::isfinite(real_b)) return false;
  const double distance = std::hypot(real_a - real_b, a.imaginary - b.imaginary);
  return distance <= atol + rtol * std::hypot(real_b, b.imaginary);
}

}  // namespace quantrial
