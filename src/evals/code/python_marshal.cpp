// https://docs.python.org/3/library/marshal.html; the type bytes: CPython's Python/marshal.c.
#include <bit>
#include <cstdint>
#include <cstring>

#include "evals/code/python_value.h"

namespace quantrial {
namespace {

using Kind = PythonValue::Kind;

constexpr int deepest = 1000;

// Magnitude of an integer of 15-bit digits, least first, in hex without leading zeros.
class HexDigits {
 public:
  void add(uint32_t digit) {
    bits_ |= uint64_t{digit} << count_;
    for (count_ += 15; count_ >= 4; count_ -= 4, bits_ >>= 4) put();
  }
  std::string text() && {
    put();
    while (text_.size() > 1 && text_.back() == '0') text_.pop_back();
    return {text_.rbegin(), text_.rend()};
  }

 private:
  void put() { text_ += "0123456789abcdef"[bits_ & 15]; }

  uint64_t bits_ = 0;
  int count_ = 0;
  std::string text_;
};

// Every read fails at the end of the bytes and stays failed.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<PythonValue> value() {
    PythonValue v = read(0);
    if (failed_ || !rest_.empty()) return std::nullopt;
    return v;
  }

 private:
  std::string_view take(size_t n) {
    if (n > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view part = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return part;
  }
  uint64_t little_endian(size_t n) {
    uint64_t x = 0;
    const std::string_view part = take(n);
    for (size_t i = part.size(); i-- > 0;) x = x << 8 | static_cast<uint8_t>(part[i]);
    return x;
  }
  int64_t int32() { return static_cast<int32_t>(little_endian(4)); }
  double real() { return std::bit_cast<double>(little_endian(8)); }

  PythonValue read(int depth) {
    const std::string_view type = take(1);
    PythonValue v;
    if (failed_ || depth > deepest) return failed_ = true, v;
    switch (type[0]) {
      case 'N':
        return v;
      case '.':
        v.kind = Kind::other;
        return v;
      case 'F':
      case 'T':
        v.kind = Kind::boolean;
        v.text = type[0] == 'T' ? "1" : "0";
        return v;
      case 'i':
        return small_integer();
      case 'l':
        return large_integer();
      case 'g':
      case 'y':
        v.kind = type[0] == 'g' ? Kind::real : Kind::complex;
        v.number = real();
        if (v.kind == Kind::complex) v.imaginary = real();
        return v;
      case 's':
      case 'u':
        v.kind = type[0] == 's' ? Kind::bytes : Kind::text;
        v.text = take(static_cast<uint32_t>(int32()));
        return v;
      default:
        return container(type[0], depth);
    }
  }

  PythonValue small_integer() {
    PythonValue v;
    v.kind = Kind::integer;
    const int64_t x = int32();
    v.negative = x < 0;
    HexDigits digits;
    for (uint64_t left = static_cast<uint64_t>(x < 0 ? -x : x); left != 0; left >>= 15) {
      digits.add(left & 0x7fff);
    }
    v.text = std::move(digits).text();
    return v;
  }

  PythonValue large_integer() {
    PythonValue v;
    v.kind = Kind::integer;
    const int64_t count = int32();
    v.negative = count < 0;
    HexDigits digits;
    for (int64_t i = 0; i < (count < 0 ? -count : count) && !failed_; ++i) {
      digits.add(static_cast<uint32_t>(little_endian(2) & 0x7fff));
    }
    v.text = std::move(digits).text();
    return v;
  }

  PythonValue container(char type, int depth) {
    PythonValue v;
    if (type == '{') {
      v.kind = Kind::dict;
      while (!failed_ && !rest_.starts_with('0')) v.items.push_back(read(depth + 1));
      take(1);
      if (v.items.size() % 2 != 0) failed_ = true;
      return v;
    }
    v.kind = type == '[' ? Kind::list : type == '(' ? Kind::tuple : Kind::set;
    if (std::strchr("[(<>", type) == nullptr) return failed_ = true, v;
    const auto count = static_cast<uint32_t>(int32());
    if (count > rest_.size()) failed_ = true;  // an item has a byte at least
    for (uint32_t i = 0; i < count && !failed_; ++i) v.items.push_back(read(depth + 1));
    return v;
  }

  std::string_view rest_;
  bool failed_ = false;
};

void put(std::string& to, uint64_t x, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(x >> (8 * i) & 0xff);
}

void put_integer(std::string& to, uint64_t magnitude, bool negative) {
  std::string digits;
  int32_t count = 0;
  for (; magnitude != 0; magnitude >>= 15, ++count) put(digits, magnitude & 0x7fff, 2);
  to += 'l';
  put(to, static_cast<uint32_t>(negative ? -count : count), 4);
  to += digits;
}

void put_text(std::string& to, const std::string& text) {
  to += 'u';
  put(to, text.size(), 4);
  to += text;
}

void put_json(std::string& to, const nlohmann::ordered_json& value) {
  if (value.is_boolean()) {
    to += value.get<bool>() ? 'T' : 'F';
  } else if (value.is_number_unsigned()) {
    put_integer(to, value.get<uint64_t>(), false);
  } else if (value.is_number_integer()) {
    put_integer(to, uint64_t{0} - static_cast<uint64_t>(value.get<int64_t>()), true);
  } else if (value.is_number()) {
    to += 'g';
    put(to, std::bit_cast<uint64_t>(value.get<double>()), 8);
  } else if (value.is_string()) {
    put_text(to, value.get<std::string>());
  } else if (value.is_array()) {
    to += '[';
    put(to, value.size(), 4);
    for (const auto& item : value) put_json(to, item);
  } else if (value.is_object()) {
    to += '{';
    for (const auto& [key, item] : value.items()) {
      put_text(to, key);
      put_json(to, item);
    }
    to += '0';
  } else {
    to += 'N';
  }
}

}  // namespace

std::optional<PythonValue> parse_marshal(std::string_view bytes) { return Reader(bytes).value(); }

std::string marshal_of(const nlohmann::ordered_json& value) {
  std::string bytes;
  put_json(bytes, value);
  return bytes;
}

}  // namespace quantrial
