// How langdetect 1.0.9 sees characters: which are dropped, and which stand for many.
#pragma once

#include <string>
#include <string_view>

namespace quantrial {

// Without addresses, marks of Vietnamese joined to their letters, at most 10,000 characters, runs
// of spaces as one, and without Latin letters where other scripts prevail.
std::u32string cleaned_for_language(std::string_view text);

// The character that stands for `c` in profiles, Chinese characters apart (class_of).
char32_t normal_character(char32_t c);

constexpr bool is_chinese_character(char32_t c) { return c >= 0x4E00 && c <= 0x9FFF; }

}  // namespace quantrial
