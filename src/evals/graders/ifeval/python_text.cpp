#include "evals/graders/ifeval/python_text.h"

#include <utf8proc.h>

#include "base/error.h"
#include "base/utf8.h"
#include "evals/graders/ifeval/python_regex.h"

namespace quantrial::python {
namespace {

char32_t decoded(std::string_view character) {
  utf8proc_int32_t code_point = 0;
  const auto length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                       static_cast<utf8proc_ssize_t>(character.size()), &code_point);
  require(length > 0, "python_text: text is not valid UTF-8");
  return static_cast<char32_t>(code_point);
}

void append(std::string& text, char32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

std::string_view last_character(std::string_view text) {
  size_t at = text.size();
  while (at > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) break;
  }
  return text.substr(at);
}

// SpecialCasing.txt: a capital sigma that ends a word becomes U+03C2.
std::string with_final_sigmas(std::string_view text) {
  constexpr std::string_view sigma = "\u03A3";
  if (text.find(sigma) == std::string_view::npos) return std::string(text);
  const PythonRegex final(
      "\\p{Cased}\\p{Case_Ignorable}*\\K\\x{3a3}(?!\\p{Case_Ignorable}*+\\p{Cased})");
  return final.replace_all(text, "\u03C2");
}

}  // namespace

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::string_view first_character(std::string_view text) {
  return text.substr(0, utf8_sequence_length(text));
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && is_space(decoded(first_character(text)))) {
    text.remove_prefix(first_character(text).size());
  }
  while (!text.empty() && is_space(decoded(last_character(text)))) {
    text.remove_suffix(last_character(text).size());
  }
  return text;
}

std::string_view strip(std::string_view text, std::string_view ascii) {
  const size_t first = text.find_first_not_of(ascii);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(ascii) - first + 1);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  for (size_t at = 0; at <= text.size();) {
    const std::string_view character = first_character(text.substr(at));
    if (character.empty() || is_space(decoded(character))) {
      if (at > begin) words.push_back(text.substr(begin, at - begin));
      begin = at + character.size();
    }
    if (character.empty()) break;
    at += character.size();
  }
  return words;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (size_t end; (end = text.find(separator)) != std::string_view::npos;) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  parts.push_back(text);
  return parts;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to) {
  const auto parts = split(text, from);
  return fmt::format("{}", fmt::join(parts, to));
}

std::string lower(std::string_view text) {
  std::string result;
  const std::string sigmas = with_final_sigmas(text);
  for (std::string_view rest = sigmas; !rest.empty();) {
    const std::string_view character = first_character(rest);
    const char32_t c = decoded(character);
    if (c == 0x130) {
      result += "i\u0307";
    } else {
      append(result, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
    rest.remove_prefix(character.size());
  }
  return result;
}

bool is_upper(std::string_view text) {
  return PythonRegex("\\p{Uppercase}").search(text) &&
         !PythonRegex("[\\p{Lowercase}\\p{Lt}]").search(text);
}

bool is_lower(std::string_view text) {
  return PythonRegex("\\p{Lowercase}").search(text) &&
         !PythonRegex("[\\p{Uppercase}\\p{Lt}]").search(text);
}

bool is_upper(char32_t c) {
  if (utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_LU) return true;
  // Other_Uppercase of PropList.txt: Roman numerals, letters in circles and squares.
  return (c >= 0x2160 && c <= 0x216F) || (c >= 0x24B6 && c <= 0x24CF) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

std::u32string code_points(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    result += decoded(character);
    text.remove_prefix(character.size());
  }
  return result;
}

}  // namespace quantrial::python
