// Unicode jobs of the tokenizer: making any bytes valid UTF-8, NFC, finding white space.
#pragma once

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

// The bytes of the last code point of `text`; empty when `text` is.
std::string_view last_character(std::string_view text);

// Where trailing white space (Unicode's White_Space) of `text` begins, where leading ends.
size_t trailing_white_space(std::string_view text);
size_t leading_white_space(std::string_view text);

}  // namespace quantrial
