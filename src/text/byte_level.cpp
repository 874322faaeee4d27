#include "text/byte_level.h"

#include <array>

#include "base/utf8.h"

namespace quantrial {
namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<uint16_t, 256> code_points = [] {
  std::array<uint16_t, 256> table{};
  uint16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    table[static_cast<size_t>(byte)] =
        stands_for_itself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return table;
}();

// Byte of each code point below 0x144; -1: none.
constexpr std::array<int16_t, 0x144> bytes_of_code_points = [] {
  std::array<int16_t, 0x144> table{};
  table.fill(-1);
  for (size_t byte = 0; byte < 256; ++byte) table[code_points[byte]] = static_cast<int16_t>(byte);
  return table;
}();

}  // namespace

std::string byte_level_character(uint8_t byte) {
  const uint16_t code_point = code_points[byte];
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3F))};
}

std::string to_byte_level(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += byte_level_character(static_cast<uint8_t>(c));
  return out;
}

std::string from_byte_level(std::string_view token) {
  std::string out;
  size_t at = 0;
  while (at < token.size()) {
    const auto lead = static_cast<unsigned char>(token[at]);
    const size_t length = utf8_sequence_length(token.substr(at));
    if (length == 0 || length > 2) return std::string(token);
    const size_t code_point =
        length == 1 ? lead
                    : (lead & 0x1Fu) << 6 | (static_cast<unsigned char>(token[at + 1]) & 0x3Fu);
    if (code_point >= bytes_of_code_points.size() || bytes_of_code_points[code_point] < 0) {
      return std::string(token);
    }
    out += static_cast<char>(bytes_of_code_points[code_point]);
    at += length;
  }
  return out;
}

}  // namespace quantrial
