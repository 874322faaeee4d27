#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"

namespace quantrial {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct CodePoints {
  char32_t first, last;
};

// Code points that NFC leaves alone and that join nothing before them, ascending.
constexpr CodePoints nfc_stable[] = {
#include "text/nfc_stable.inc"
};

bool is_nfc_stable(char32_t code_point) {
  if (code_point <= nfc_stable[0].last) return true;
  const auto* after =
      std::upper_bound(std::begin(nfc_stable), std::end(nfc_stable), code_point,
                       [](char32_t value, const CodePoints& range) { return value < range.first; });
  return code_point <= std::prev(after)->last;
}

bool all_ascii(std::string_view text) {
  uint64_t high_bits = 0;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t eight_bytes;
    std::memcpy(&eight_bytes, text.data() + at, 8);
    high_bits |= eight_bytes;
  }
  for (; at < text.size(); ++at) high_bits |= static_cast<unsigned char>(text[at]);
  return (high_bits & 0x8080808080808080) == 0;
}

// Bytes of the ill-formed sequence at the start of `text` that one U+FFFD stands for.
size_t maximal_part(std::string_view text) {
  for (size_t length = std::min<size_t>(3, text.size()); length > 1; --length) {
    if (utf8_complete_prefix(text.substr(0, length)) == 0) return length;
  }
  return 1;
}

struct Decoded {
  char32_t code_point;
  size_t length;  // bytes
};

Decoded decoded(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  require(length > 0, "unicode: text is not valid UTF-8");
  return {static_cast<char32_t>(code_point), static_cast<size_t>(length)};
}

// Where the last code point of `text` begins.
size_t last_start(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

std::string nfc_by_utf8proc(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
  if (length < 0) {
    throw Error("cannot normalize {} bytes of text: {}", text.size(), utf8proc_errmsg(length));
  }
  return {reinterpret_cast<const char*>(composed), static_cast<size_t>(length)};
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  if (all_ascii(text)) return true;
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = utf8_sequence_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const size_t length = utf8_sequence_length(rest);
    if (length > 0) {
      out += rest.substr(0, length);
      at += length;
    } else {
      out += replacement;
      at += maximal_part(rest);
    }
  }
  return out;
}

std::string nfc(std::string_view text) {
  if (all_ascii(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  size_t last_stable = 0;   // start of the last stable code point
  size_t copied = 0;        // text[0, copied) is in `out`
  bool only_stable = true;  // since last_stable
  const auto flush = [&](size_t end) {
    if (!only_stable) {
      out += text.substr(copied, last_stable - copied);
      out += nfc_by_utf8proc(text.substr(last_stable, end - last_stable));
      copied = end;
    }
  };
  size_t at = 0;
  while (at < text.size()) {
    const auto [code_point, length] = decoded(text.substr(at));
    if (is_nfc_stable(code_point)) {
      flush(at);
      last_stable = at;
      only_stable = true;
    } else {
      only_stable = false;
    }
    at += length;
  }
  flush(at);
  out += text.substr(copied);
  return out;
}

char32_t first_code_point(std::string_view text) { return decoded(text).code_point; }

char32_t last_code_point(std::string_view text) {
  return decoded(text.substr(last_start(text))).code_point;
}

bool is_white_space(char32_t c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word_character(char32_t c) {
  const bool circled_letter = (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
                              (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  const bool joiner = c == 0x200C || c == 0x200D;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return circled_letter || joiner;
  }
}

size_t trailing_white_space(std::string_view text) {
  while (!text.empty() && is_white_space(last_code_point(text)))
    text = text.substr(0, last_start(text));
  return text.size();
}

size_t leading_white_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto [code_point, length] = decoded(text.substr(at));
    if (!is_white_space(code_point)) break;
    at += length;
  }
  return at;
}

}  // namespace quantrial
