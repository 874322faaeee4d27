// When to ask again: exponential back-off with jitter, or what the server asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quantrial {

struct RetryPolicy {
  int attempts = 10;   // of one sample, the first included; connections that fail do not count
  double first_s = 1;  // doubled each time, times 0.5 .. 1.5 at random
  double most_s = 60;
  double patience_s = 600;  // while no endpoint can be reached
};

// Seconds to wait after `failures` >= 1 failures; `random` in [0, 1).
double backoff_s(const RetryPolicy& policy, int failures, double random);

// Retry-After (RFC 9110, 10.2.3): seconds, or a date, here from `now` (seconds since 1970) on;
// at most an hour. Absent when it is neither.
std::optional<double> retry_after_s(std::string_view value, int64_t now);

// Whether a request with this HTTP status may succeed when it is sent again.
bool is_transient(int status);

}  // namespace quantrial
