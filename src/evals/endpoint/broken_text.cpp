#include "evals/endpoint/broken_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "text/unicode.h"

namespace quantrial {
namespace {

constexpr char32_t stand_ins = 0x100000;  // of byte or surrogate x: this + x
constexpr char32_t first_high = 0xD800, first_low = 0xDC00, last_low = 0xDFFF;
constexpr size_t escape_size = 6, surrogate_size = 3, stand_in_size = 4;

char byte_of(char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); }

// Of three or four bytes; surrogates as well, as if they were characters.
std::string encoded(char32_t c) {
  const auto rest = [&](int shift) { return byte_of(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x10000) return {byte_of(0xE0 | c >> 12), rest(6), rest(0)};
  return {byte_of(0xF0 | c >> 18), rest(12), rest(6), rest(0)};
}

// The bits of a sequence of three or four bytes.
char32_t decoded(std::string_view sequence) {
  char32_t c = static_cast<unsigned char>(sequence[0]) & (sequence.size() == 3 ? 0x0FU : 0x07U);
  for (const char b : sequence.substr(1)) c = c << 6 | (static_cast<unsigned char>(b) & 0x3FU);
  return c;
}

bool is_high(char32_t c) { return c >= first_high && c < first_low; }
bool is_low(char32_t c) { return c >= first_low && c <= last_low; }

// The value of \uXXXX at the start of `json`.
std::optional<char32_t> escape_at(std::string_view json) {
  if (json.size() < escape_size || !json.starts_with("\\u")) return std::nullopt;
  uint32_t value = 0;
  const char* end = json.data() + escape_size;
  const auto [stop, error] = std::from_chars(json.data() + 2, end, value, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return static_cast<char32_t>(value);
}

// A surrogate encoded as three bytes at the start of `text`.
std::optional<char32_t> surrogate_at(std::string_view text) {
  if (text.size() < surrogate_size || text[0] != '\xED') return std::nullopt;
  for (const size_t i : {size_t{1}, size_t{2}}) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return std::nullopt;
  }
  const char32_t c = decoded(text.substr(0, surrogate_size));
  return is_high(c) || is_low(c) ? std::optional(c) : std::nullopt;
}

}  // namespace

std::string with_stand_ins(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    size_t size = utf8_sequence_length(json);
    if (const auto c = escape_at(json)) {
      const auto next = escape_at(json.substr(escape_size));
      const bool pair = is_high(*c) && next && is_low(*next);
      const bool half = !pair && (is_high(*c) || is_low(*c));
      size = pair ? 2 * escape_size : escape_size;
      out += half ? encoded(stand_ins + *c) : std::string(json.substr(0, size));
    } else if (size == 0) {
      size = 1;
      out += encoded(stand_ins + static_cast<unsigned char>(json[0]));
    } else {
      if (json[0] == '\\') size = std::min<size_t>(2, json.size());  // \\u0041 is no escape
      out += json.substr(0, size);
    }
    json.remove_prefix(size);
  }
  return out;
}

std::string without_stand_ins(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = std::max<size_t>(1, utf8_sequence_length(text));
    const char32_t c = size == stand_in_size ? decoded(text.substr(0, size)) : 0;
    const char32_t half = c >= stand_ins ? c - stand_ins : 0;
    if (half >= 0x80 && half <= 0xFF) {
      out += byte_of(half);
    } else if (is_high(half) || is_low(half)) {
      out += encoded(half);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

std::string joined_halves(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    size_t size = 1;
    if (const auto c = surrogate_at(text)) {
      const auto next = surrogate_at(text.substr(surrogate_size));
      const bool pair = is_high(*c) && next && is_low(*next);
      size = pair ? 2 * surrogate_size : surrogate_size;
      out += encoded(pair ? 0x10000 + ((*c - first_high) << 10) + (*next - first_low)
                          : char32_t{0xFFFD});
    } else {
      out += text[0];
    }
    text.remove_prefix(size);
  }
  return replace_invalid_utf8(out);
}

}  // namespace quantrial
