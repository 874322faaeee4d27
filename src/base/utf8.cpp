#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace quantrial {
namespace {

struct Lead {
  size_t length;            // bytes of the whole sequence; 0: not a lead byte
  unsigned char low, high;  // range of the second byte; later ones are 80..BF
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Whether bytes 1.. of `text` (up to the lead's length) fit the lead.
bool continues(std::string_view text, const Lead& lead) {
  const size_t end = std::min(lead.length, text.size());
  for (size_t i = 1; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? lead.low : 0x80;
    const unsigned char high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return false;
  }
  return true;
}

}  // namespace

size_t utf8_sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  return lead.length != 0 && lead.length <= text.size() && continues(text, lead) ? lead.length : 0;
}

size_t utf8_complete_prefix(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const auto byte = static_cast<unsigned char>(tail[0]);
    if ((byte & 0xC0) == 0x80) continue;  // a continuation byte: look further back
    const Lead lead = lead_of(byte);
    const bool incomplete = lead.length > back && continues(tail, lead);
    return incomplete ? text.size() - back : text.size();
  }
  return text.size();
}

size_t utf8_common_prefix(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  auto length = static_cast<size_t>(at_a - a.begin());
  const auto inside = [](std::string_view text, size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  while (length > 0 && (inside(a, length) || inside(b, length))) --length;
  return length;
}

}  // namespace quantrial
