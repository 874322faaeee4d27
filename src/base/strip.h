// Text without what surrounds it.
#pragma once

#include <string_view>

namespace quantrial {

// White space of ASCII, as Python's bytes.strip() has it.
inline constexpr std::string_view ascii_space = " \t\r\n\v\f";

// `text` without the characters of `any` at both ends; a part of `text`.
inline std::string_view stripped(std::string_view text, std::string_view any = ascii_space) {
  const size_t first = text.find_first_not_of(any);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(any) - first + 1);
}

}  // namespace quantrial
