// Unicode jobs of the tokenizer: making any bytes valid UTF-8, NFC, and two character classes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quantrial {

// `text` with U+FFFD for each maximal part of an ill-formed sequence (Unicode 15, section 3.9), as
// Python's errors="replace" and Rust's String::from_utf8_lossy do.
std::string replace_invalid_utf8(std::string_view text);

// Whether replace_invalid_utf8 would leave `text` as it is.
bool is_valid_utf8(std::string_view text);

// Normalization form C of valid UTF-8 as the tokenizers library has it: its tables are those of
// Unicode 9, so combining marks added later never reorder or compose.
std::string nfc(std::string_view text);

// The code point at the start or end of `text` (valid UTF-8, not empty).
char32_t first_code_point(std::string_view text);
char32_t last_code_point(std::string_view text);

// Unicode's White_Space.
bool is_white_space(char32_t code_point);

// \w of Rust's regex crate (UTS 18, annex C): Alphabetic, marks, decimal digits, connector
// punctuation, joiners.
bool is_word_character(char32_t code_point);

// Where trailing white space of `text` begins, and where leading white space ends.
size_t trailing_white_space(std::string_view text);
size_t leading_white_space(std::string_view text);

}  // namespace quantrial
