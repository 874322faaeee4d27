#include "report/section.h"

#include <algorithm>

namespace quantrial::report {

size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  auto length = static_cast<size_t>(at_a - a.begin());
  const auto inside = [](std::string_view text, size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  while (length > 0 && (inside(a, length) || inside(b, length))) --length;
  return length;
}

}  // namespace quantrial::report
