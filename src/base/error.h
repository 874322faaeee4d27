// The two ways to fail. `Error`: the world is wrong (file, argument, device, memory); it names
// what, where, the value and the remedy, and only `apps/` (or a server, per request) catches it.
// `require`: we are wrong; it aborts and nothing catches it.
#pragma once

#include <fmt/format.h>

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quantrial {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}

  template <typename... Args>
  explicit Error(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

// Aborts with the place when our own reasoning turns out wrong. Never for input.
void require(bool condition, std::string_view what,
             std::source_location where = std::source_location::current());

// Text from a file or the network made safe for a one-line message: control characters, invalid
// UTF-8 and the backslash of what looks like \xNN become \xNN; longer than `max_bytes` is cut with
// "...".
std::string escaped(std::string_view text, size_t max_bytes = 120);

}  // namespace quantrial
