#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"

namespace quantrial {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr auto nfc_options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

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

bool is_white_space(char32_t c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

int combining_class(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

// Decomposed, but not yet in canonical order.
std::vector<utf8proc_int32_t> decomposed(std::string_view text) {
  std::vector<utf8proc_int32_t> code_points;
  while (!text.empty()) {
    const auto [code_point, length] = decoded(text);
    utf8proc_int32_t parts[8];  // canonical decompositions have at most 4
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), parts, 8,
                                               nfc_options, nullptr);
    require(count >= 0 && count <= 8, "unicode: decomposition of a code point");
    code_points.insert(code_points.end(), parts, parts + count);
    text.remove_prefix(length);
  }
  return code_points;
}

// Sorts each run of combining marks. utf8proc_map would do it by insertion, in quadratic time.
void put_in_canonical_order(std::vector<utf8proc_int32_t>& code_points) {
  const auto is_mark = [](auto c) { return combining_class(c) != 0; };
  auto begin = std::ranges::find_if(code_points, is_mark);
  while (begin != code_points.end()) {
    const auto end = std::find_if_not(begin, code_points.end(), is_mark);
    std::ranges::stable_sort(begin, end, {}, combining_class);
    begin = std::find_if(end, code_points.end(), is_mark);
  }
}

std::string nfc_by_utf8proc(std::string_view text) {
  auto code_points = decomposed(text);
  put_in_canonical_order(code_points);
  const auto count = utf8proc_normalize_utf32(
      code_points.data(), static_cast<utf8proc_ssize_t>(code_points.size()), nfc_options);
  require(count >= 0, "unicode: composition");
  std::string out;
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(code_points[static_cast<size_t>(i)], bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  return out;
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
  size_t copied = 0;        // text[0, copied) is in `out`
  size_t run = 0;           // where the run that may change begins: at the last stable code point
  bool only_stable = true;  // nothing else since `run`
  const auto normalize_run = [&](size_t end) {
    if (only_stable) return;
    out += text.substr(copied, run - copied);
    out += nfc_by_utf8proc(text.substr(run, end - run));
    copied = end;
  };
  size_t at = 0;
  while (at < text.size()) {
    const auto [code_point, length] = decoded(text.substr(at));
    if (is_nfc_stable(code_point)) {
      normalize_run(at);
      // Marks that are newer than the library's tables must not meet utf8proc, which reorders them.
      const bool newer_mark = combining_class(static_cast<utf8proc_int32_t>(code_point)) != 0;
      run = newer_mark ? at + length : at;
      only_stable = true;
    } else {
      only_stable = false;
    }
    at += length;
  }
  normalize_run(at);
  out += text.substr(copied);
  return out;
}

std::string_view last_character(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {
  }
  return text.substr(at);
}

size_t trailing_white_space(std::string_view text) {
  while (!text.empty()) {
    const std::string_view last = last_character(text);
    if (!is_white_space(decoded(last).code_point)) break;
    text.remove_suffix(last.size());
  }
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
