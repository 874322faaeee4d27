#include "evals/endpoint/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

namespace quantrial {

double backoff_s(const RetryPolicy& policy, int failures, double random) {
  const double whole = policy.first_s * std::exp2(std::min(failures - 1, 30));
  return std::min(whole, policy.most_s) * (0.5 + random);
}

std::optional<double> retry_after_s(std::string_view value, int64_t now) {
  constexpr double most = 3600;
  double seconds = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, seconds);
  if (error != std::errc() || stopped != end) {
    std::tm date{};
    const std::string text(value);
    const char* const rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    seconds = static_cast<double>(timegm(&date) - now);
  }
  if (!std::isfinite(seconds)) return std::nullopt;
  return std::clamp(seconds, 0.0, most);
}

bool is_transient(int status) {
  constexpr int request_timeout = 408, conflict = 409, too_early = 425, too_many = 429;
  return status >= 500 || status == request_timeout || status == conflict || status == too_early ||
         status == too_many;
}

}  // namespace quantrial
