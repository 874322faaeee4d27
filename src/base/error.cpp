#include "base/error.h"

#include <cstdio>
#include <cstdlib>

#include "base/utf8.h"

namespace quantrial {

void require(bool condition, std::string_view what, std::source_location where) {
  if (condition) [[likely]] {
    return;
  }
  std::fprintf(stderr, "quantrial: internal error: %.*s (%s:%u, %s)\n",
               static_cast<int>(what.size()), what.data(), where.file_name(), where.line(),
               where.function_name());
  std::abort();
}

std::string escaped(std::string_view text, size_t max_bytes) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    if (out.size() >= max_bytes) {
      return out + "...";
    }
    const size_t length = utf8_sequence_length(text.substr(at));
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool like_escape = text.substr(at).starts_with("\\x");
    if (length == 0 || byte < 0x20 || byte == 0x7f || like_escape) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace quantrial
