#include "engine/sampling_parameters.h"

#include <cmath>

#include "base/error.h"

namespace quantrial {

void validate(const SamplingParameters& p) {
  const auto check = [](bool fine, const char* name, double value, const char* range) {
    if (!fine) throw Error("sampling parameter {}: {} is outside {}", name, value, range);
  };
  check(p.temperature >= 0 && std::isfinite(p.temperature), "temperature", p.temperature,
        "[0, infinity); use 0 for greedy");
  check(p.top_k >= 0, "top_k", static_cast<double>(p.top_k), "0 (all) or more");
  check(p.top_p > 0 && p.top_p <= 1, "top_p", p.top_p, "(0, 1]; use 1 to keep all");
  check(p.min_p >= 0 && p.min_p <= 1, "min_p", p.min_p, "[0, 1]; use 0 to keep all");
  check(p.presence_penalty >= -2 && p.presence_penalty <= 2, "presence_penalty", p.presence_penalty,
        "[-2, 2]; use 0 for none");
  check(p.frequency_penalty >= -2 && p.frequency_penalty <= 2, "frequency_penalty",
        p.frequency_penalty, "[-2, 2]; use 0 for none");
  check(p.repetition_penalty > 0 && std::isfinite(p.repetition_penalty), "repetition_penalty",
        p.repetition_penalty, "(0, infinity); use 1 for none");
  if (p.top_logprobs) {
    check(*p.top_logprobs >= 0 && *p.top_logprobs <= 100, "top_logprobs",
          static_cast<double>(*p.top_logprobs), "[0, 100]");
  }
}

}  // namespace quantrial
