// The byte-level alphabet of GPT-2 (openai/gpt-2, encoder.py, bytes_to_unicode): every byte has a
// printable character, so that a vocabulary in JSON can hold any bytes. '!'..'~', U+00A1..U+00AC
// and U+00AE..U+00FF stand for themselves, the other 68 bytes for U+0100 onwards ("Ġ" is a space).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quantrial {

// The character of one byte, in UTF-8.
std::string byte_level_character(uint8_t byte);

// `bytes` written in the alphabet.
std::string to_byte_level(std::string_view bytes);

// The bytes that a token stands for; a token with any character outside the alphabet stands for its
// own UTF-8 bytes, as in the library's ByteLevel decoder.
std::string from_byte_level(std::string_view token);

}  // namespace quantrial
