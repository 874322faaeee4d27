#include "text/jinja/python_text.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace quantrial::jinja {
namespace {

size_t first_length(std::string_view text) {
  return std::max<size_t>(1, utf8_sequence_length(text));
}

// The last code point of `text`, or its last byte where that is not UTF-8.
std::string_view last_of(std::string_view text) {
  for (size_t length = 1; length <= std::min<size_t>(4, text.size()); ++length) {
    const std::string_view tail = text.substr(text.size() - length);
    if (utf8_sequence_length(tail) == length) return tail;
  }
  return text.substr(text.size() - 1);
}

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_letter(char32_t c) {
  const auto of = category(c);
  return of >= UTF8PROC_CATEGORY_LU && of <= UTF8PROC_CATEGORY_LO;
}

bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }
bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT;
}

std::string upper_of(char32_t c) {
  if (c == 0xDF) return "SS";
  return utf8_of(static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}

std::string lower_of(char32_t c) {
  return utf8_of(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

std::string title_of(char32_t c) {
  if (c == 0xDF) return "Ss";
  return utf8_of(static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
}

template <typename Map>
std::string mapped(std::string_view text, Map&& map) {
  std::string out;
  for (const std::string_view character : characters(text)) out += map(code_point_of(character));
  return out;
}

std::vector<std::string> reversed(std::vector<std::string> parts) {
  std::ranges::reverse(parts);
  return parts;
}

}  // namespace

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    all.push_back(text.substr(0, first_length(text)));
    text.remove_prefix(all.back().size());
  }
  return all;
}

char32_t code_point_of(std::string_view character) {
  utf8proc_int32_t code_point = 0;
  const auto length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                       static_cast<utf8proc_ssize_t>(character.size()), &code_point);
  return length > 0 ? static_cast<char32_t>(code_point) : U'\uFFFD';
}

std::string utf8_of(char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(length)};
}

size_t text_length(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::string_view stripped(std::string_view text, std::optional<std::string_view> unwanted,
                          Side side) {
  const auto set = characters(unwanted.value_or(""));
  const auto goes = [&](std::string_view character) {
    return unwanted ? std::ranges::find(set, character) != set.end()
                    : is_space(code_point_of(character));
  };
  const auto first = [&] { return text.substr(0, first_length(text)); };
  while (side != Side::right && !text.empty() && goes(first())) text.remove_prefix(first().size());
  while (side != Side::left && !text.empty() && goes(last_of(text))) {
    text.remove_suffix(last_of(text).size());
  }
  return text;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               int64_t limit) {
  std::vector<std::string> parts;
  if (separator) {
    for (size_t at; limit != 0 && (at = text.find(*separator)) != text.npos; --limit) {
      parts.emplace_back(text.substr(0, at));
      text.remove_prefix(at + separator->size());
    }
    parts.emplace_back(text);
    return parts;
  }
  text = stripped(text, std::nullopt, Side::left);
  while (!text.empty() && limit-- != 0) {
    size_t end = 0;
    while (end < text.size() &&
           !is_space(code_point_of(text.substr(end, first_length(text.substr(end)))))) {
      end += first_length(text.substr(end));
    }
    parts.emplace_back(text.substr(0, end));
    text = text.substr(end);
    while (!text.empty() && is_space(code_point_of(text.substr(0, first_length(text))))) {
      text.remove_prefix(first_length(text));
    }
  }
  if (!text.empty()) parts.emplace_back(text);
  return parts;
}

std::vector<std::string> split_from_right(std::string_view text,
                                          std::optional<std::string_view> separator,
                                          int64_t limit) {
  std::vector<std::string> parts;
  if (separator) {
    for (size_t at; limit != 0 && (at = text.rfind(*separator)) != text.npos; --limit) {
      parts.emplace_back(text.substr(at + separator->size()));
      text = text.substr(0, at);
    }
    parts.emplace_back(text);
    return reversed(std::move(parts));
  }
  text = stripped(text, std::nullopt, Side::right);
  while (!text.empty() && limit-- != 0) {
    std::string_view before = text;
    while (!before.empty() && !is_space(code_point_of(last_of(before)))) {
      before.remove_suffix(last_of(before).size());
    }
    parts.emplace_back(text.substr(before.size()));
    text = stripped(before, std::nullopt, Side::right);
  }
  if (!text.empty()) parts.emplace_back(text);
  return reversed(std::move(parts));
}

std::vector<std::string> split_lines(std::string_view text, LineEnds line_ends) {
  const auto ends_line = [](char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
  };
  std::vector<std::string> lines;
  std::string line;
  const auto all = characters(text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!ends_line(code_point_of(all[i]))) {
      line += all[i];
      continue;
    }
    std::string end(all[i]);
    if (end == "\r" && i + 1 < all.size() && all[i + 1] == "\n") end += all[++i];
    lines.push_back(line_ends == LineEnds::keep ? line + end : line);
    line.clear();
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string upper(std::string_view text) { return mapped(text, upper_of); }
std::string lower(std::string_view text) { return mapped(text, lower_of); }

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const size_t first = first_length(text);
  return title_of(code_point_of(text.substr(0, first))) + lower(text.substr(first));
}

std::string title(std::string_view text) {
  bool in_word = false;
  return mapped(text, [&](char32_t c) {
    const bool starts = !in_word;
    in_word = is_cased(c);
    return starts ? title_of(c) : lower_of(c);
  });
}

std::string title_words(std::string_view text) {
  bool starts = true;
  return mapped(text, [&](char32_t c) {
    std::string out = starts ? upper_of(c) : lower_of(c);
    starts = is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    return out;
  });
}

size_t replaced_bytes(std::string_view text, std::string_view from, std::string_view to) {
  const auto count = static_cast<size_t>(count_of(text, from));
  return text.size() - count * from.size() + count * to.size();
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     int64_t limit) {
  std::string out;
  if (from.empty()) {  // between all characters
    for (const std::string_view character : characters(text)) {
      if (limit != 0) out += to, --limit;
      out += character;
    }
    if (limit != 0) out += to;
    return out;
  }
  for (size_t at; limit != 0 && (at = text.find(from)) != text.npos; --limit) {
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
  }
  return out += text;
}

int64_t count_of(std::string_view text, std::string_view part) {
  if (part.empty()) return static_cast<int64_t>(text_length(text)) + 1;
  int64_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

bool is_all(std::string_view text, TextClass text_class) {
  bool any_cased = false;
  for (const std::string_view character : characters(text)) {
    const char32_t c = code_point_of(character);
    const bool digit = category(c) == UTF8PROC_CATEGORY_ND;
    any_cased = any_cased || is_cased(c);
    bool fits = true;
    switch (text_class) {
      case TextClass::alphabetic:
        fits = is_letter(c);
        break;
      case TextClass::decimal:
        fits = digit;
        break;
      case TextClass::alphanumeric:
        fits = is_letter(c) || digit;
        break;
      case TextClass::space:
        fits = is_space(c);
        break;
      case TextClass::lower:
        fits = is_lower(c) || !is_cased(c);
        break;
      case TextClass::upper:
        fits = is_upper(c) || !is_cased(c);
        break;
    }
    if (!fits) return false;
  }
  const bool by_case = text_class == TextClass::lower || text_class == TextClass::upper;
  return by_case ? any_cased : !text.empty();
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace quantrial::jinja
