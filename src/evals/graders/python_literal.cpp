#include "evals/graders/python_literal.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace quantrial {
namespace {

using Kind = PythonLiteral::Kind;
using Maybe = std::optional<PythonLiteral>;

constexpr size_t longest = 100'000;
constexpr int deepest = 100;
constexpr size_t most_digits = 4300;  // as CPython

void append_utf8(uint32_t c, std::string& to) {
  const auto add = [&](uint32_t byte) { to += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

PythonLiteral whole(maths::Rational value) {
  PythonLiteral literal;
  literal.kind = Kind::number;
  literal.number = std::move(value);
  return literal;
}

// The exact value of a double: mantissa x 2^exponent.
PythonLiteral floating(double value) {
  PythonLiteral literal;
  if (std::isinf(value)) {
    literal.kind = Kind::infinite;
    literal.negative = value < 0;
    return literal;
  }
  int exponent = 0;
  const auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  const auto scale = maths::Rational::power(maths::Rational(2), maths::Rational(exponent - 53));
  return whole(*maths::Rational::product(maths::Rational(mantissa), *scale));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // As an expression: a bare "1, 2" is a tuple.
  Maybe read() {
    PythonLiteral tuple;
    if (!items('\0', tuple.items)) return std::nullopt;
    if (tuple.items.size() == 1 && !comma_) return std::move(tuple.items[0]);
    if (tuple.items.empty()) return std::nullopt;
    tuple.kind = Kind::tuple;
    return tuple;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(peek()))) ++at_;
    if (peek() == '#') {  // a comment, to the end of its line
      at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ < text_.size()) skip();
    }
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || peek() != c) return false;
    ++at_;
    return true;
  }
  bool at_end(char close) {
    if (close != '\0') return take(close);
    skip();
    return at_ == text_.size();
  }

  // To `close`, or to the end of the text.
  bool items(char close, std::vector<PythonLiteral>& to) {
    comma_ = false;
    return more_items(close, to, false);
  }
  bool more_items(char close, std::vector<PythonLiteral>& to, bool pairs) {
    while (!at_end(close)) {
      if (!to.empty() && !comma_) return false;
      for (int part = 0; part < (pairs ? 2 : 1); ++part) {
        if (part == 1 && !take(':')) return false;
        Maybe one = item();
        if (!one) return false;
        to.push_back(std::move(*one));
      }
      comma_ = take(',');
    }
    return true;
  }

  Maybe item() {
    skip();
    if (++depth_ > deepest) return std::nullopt;
    Maybe literal = unnested();
    --depth_;
    return literal;
  }

  Maybe unnested() {
    const char c = peek();
    if (c == '(') return tuple();
    if (c == '[') return collection(Kind::list, ']');
    if (c == '{') return braces();
    if (c == '-' || c == '+') return with_sign();
    if (is_string()) return strings();
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return number();
    return name();
  }

  Maybe collection(Kind kind, char close) {
    ++at_;
    PythonLiteral literal;
    literal.kind = kind;
    if (!items(close, literal.items)) return std::nullopt;
    return literal;
  }
  Maybe tuple() {
    Maybe literal = collection(Kind::tuple, ')');
    if (literal && literal->items.size() == 1 && !comma_) return std::move(literal->items[0]);
    return literal;
  }
  // A dict when a colon follows the first item.
  Maybe braces() {
    ++at_;
    PythonLiteral literal;
    literal.kind = Kind::dict;
    if (take('}')) return literal;
    if (!braced_items(literal)) return std::nullopt;
    put_in_order(literal);
    return literal;
  }
  bool braced_items(PythonLiteral& literal) {
    Maybe first = item();
    if (!first) return false;
    literal.items.push_back(std::move(*first));
    const bool pairs = take(':');
    if (!pairs) literal.kind = Kind::set;
    Maybe value = pairs ? item() : std::nullopt;
    if (pairs && !value) return false;
    if (pairs) literal.items.push_back(std::move(*value));
    comma_ = take(',');
    return more_items('}', literal.items, pairs);
  }

  Maybe with_sign() {
    const bool minus = peek() == '-';
    ++at_;
    Maybe literal = item();
    if (!literal || !minus) return literal;
    if (literal->kind == Kind::infinite) {
      literal->negative = !literal->negative;
    } else if (literal->kind == Kind::number) {
      literal->number = *maths::Rational::product(literal->number, maths::Rational(-1));
    } else if (literal->kind != Kind::not_a_number) {
      return std::nullopt;
    }
    return literal;
  }

  Maybe name() {
    struct Named {
      std::string_view name;
      PythonLiteral literal;
    };
    const auto of_kind = [](Kind kind) {
      PythonLiteral literal;
      literal.kind = kind;
      return literal;
    };
    const Named list[] = {
        {"None", of_kind(Kind::none)},        {"True", whole(maths::Rational(1))},
        {"False", whole(maths::Rational(0))}, {"...", of_kind(Kind::ellipsis)},
        {"set()", of_kind(Kind::set)},        {"frozenset()", of_kind(Kind::set)},
        {"list()", of_kind(Kind::list)},      {"dict()", of_kind(Kind::dict)},
        {"tuple()", of_kind(Kind::tuple)},    {"float('inf')", of_kind(Kind::infinite)},
        {"inf", of_kind(Kind::infinite)},     {"nan", of_kind(Kind::not_a_number)}};
    for (const Named& named : list) {
      if (!rest().starts_with(named.name)) continue;
      at_ += named.name.size();
      if (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_') return std::nullopt;
      return named.literal;
    }
    return std::nullopt;
  }

  Maybe number() {
    if (rest().starts_with("...")) return name();
    std::string digits;
    const int base = peek() == '0' ? base_of(peek(1)) : 10;
    if (base != 10) at_ += 2;
    bool real = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = peek();
      if (c == '_') continue;
      const bool exponent_sign = (c == '+' || c == '-') && base == 10 && !digits.empty() &&
                                 (digits.back() == 'e' || digits.back() == 'E');
      if (base == 10 && (c == '.' || c == 'e' || c == 'E'))
        real = true;
      else if (!std::isxdigit(static_cast<unsigned char>(c)) && !exponent_sign)
        break;
      else if (base == 10 && !exponent_sign && !std::isdigit(static_cast<unsigned char>(c)))
        break;
      digits += c;
    }
    if (digits.empty() || digits.size() > most_digits) return std::nullopt;
    if (std::isalnum(static_cast<unsigned char>(peek()))) return std::nullopt;  // 1j
    if (real) return decimal(digits);
    maths::BigInteger value = 0;
    const bool octal_of_python2 =
        base == 10 && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos;
    if (octal_of_python2) return std::nullopt;  // 010
    if (base == 10) return whole(maths::Rational(maths::BigInteger::of_digits(digits)));
    for (const char c : digits) {
      const int digit = std::isdigit(static_cast<unsigned char>(c))
                            ? c - '0'
                            : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
      if (digit >= base) return std::nullopt;
      value = value * maths::BigInteger(base) + maths::BigInteger(digit);
    }
    return whole(maths::Rational(value));
  }
  static int base_of(char c) {
    const int lower = std::tolower(static_cast<unsigned char>(c));
    return lower == 'x' ? 16 : lower == 'o' ? 8 : lower == 'b' ? 2 : 10;
  }
  static Maybe decimal(const std::string& digits) {
    double value = 0;
    const auto end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value);
    if (result.ptr != end) return std::nullopt;
    if (result.ec == std::errc::result_out_of_range) value = value == 0 ? 0 : HUGE_VAL;
    return floating(value);
  }

  bool is_string() const {
    size_t i = at_;
    while (i < text_.size() && i < at_ + 2 &&
           std::string_view("rRbBuU").find(text_[i]) != std::string_view::npos) {
      ++i;
    }
    return i < text_.size() && (text_[i] == '\'' || text_[i] == '"');
  }

  // "a" 'b' is "ab".
  Maybe strings() {
    PythonLiteral literal;
    bool first = true;
    for (skip(); is_string(); skip()) {
      bool raw = false, bytes = false;
      for (; peek() != '\'' && peek() != '"'; ++at_) {
        raw |= peek() == 'r' || peek() == 'R';
        bytes |= peek() == 'b' || peek() == 'B';
      }
      const Kind kind = bytes ? Kind::bytes : Kind::text;
      if (!first && kind != literal.kind) return std::nullopt;
      literal.kind = kind;
      first = false;
      if (!one_string(raw, literal.text)) return std::nullopt;
    }
    return literal;
  }

  bool one_string(bool raw, std::string& to) {
    const char quote = peek();
    const std::string triple(3, quote);
    const bool is_triple = rest().starts_with(triple);
    at_ += is_triple ? 3 : 1;
    while (at_ < text_.size()) {
      if (is_triple ? rest().starts_with(triple) : peek() == quote) {
        at_ += is_triple ? 3 : 1;
        return true;
      }
      if (peek() == '\n' && !is_triple) return false;
      if (peek() != '\\') {
        to += text_[at_++];
      } else if (raw) {
        to += text_.substr(at_, 2);
        at_ += 2;
      } else if (!escape(to)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& to) {
    constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = peek(1);
    at_ += 2;
    if (c == '\n') return true;
    if (const size_t i = letters.find(c); i != std::string_view::npos) {
      to += meanings[i];
      return true;
    }
    if (c == 'N' && peek() == '{') return false;  // names of characters are not known here
    if (c == 'x') return code(2, 16, to);
    if (c == 'u') return code(4, 16, to);
    if (c == 'U') return code(8, 16, to);
    if (c >= '0' && c <= '7') {
      --at_;
      size_t count = 1;
      while (count < 3 && peek(count) >= '0' && peek(count) <= '7') ++count;
      return code(count, 8, to);
    }
    to += '\\';
    to += c;
    return true;
  }
  bool code(size_t digits, int base, std::string& to) {
    uint32_t value = 0;
    if (at_ + digits > text_.size()) return false;
    const char* begin = text_.data() + at_;
    const auto result = std::from_chars(begin, begin + digits, value, base);
    if (result.ptr != begin + digits || value > 0x10FFFF) return false;
    at_ += digits;
    append_utf8(value, to);
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool comma_ = false;  // whether the last items ended in one
};

}  // namespace

std::optional<PythonLiteral> parse_python_literal(std::string_view text) {
  if (text.size() > longest) return std::nullopt;
  return Reader(text).read();
}

}  // namespace quantrial
