#include "evals/endpoint/usage.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "evals/endpoint/server_json.h"

namespace quantrial {

Usage read_usage(const nlohmann::ordered_json& usage) {
  Usage u{integer_at(usage, "prompt_tokens"), integer_at(usage, "completion_tokens"),
          integer_at(usage, "reasoning_tokens")};
  if (const auto* details = object_at(usage, {"completion_tokens_details"})) {
    if (const auto reasoning = integer_at(*details, "reasoning_tokens")) u.reasoning = reasoning;
  }
  return u;
}

bool counts_agree(int64_t a, int64_t b) {
  constexpr int64_t least = 4, per_cent = 2;
  return std::abs(a - b) <= std::max(least, std::max(a, b) * per_cent / 100);
}

std::string impossible_usage(const Usage& u, const UsageFacts& facts) {
  constexpr int64_t unseen = 8;  // special tokens leave no text
  if (!u.completion) return "usage: the server gives none";
  if (std::min({*u.completion, u.prompt.value_or(0), u.reasoning.value_or(0)}) < 0) {
    return "usage: counts below 0";
  }
  if (u.reasoning > *u.completion) {
    return fmt::format("usage: {} reasoning tokens of {} completion tokens", *u.reasoning,
                       *u.completion);
  }
  if (*u.completion > facts.max_tokens) {
    return fmt::format("usage: {} completion tokens, {} were asked for", *u.completion,
                       facts.max_tokens);
  }
  if (*u.completion < facts.pieces) {
    return fmt::format("usage: {} completion tokens in {} pieces of text", *u.completion,
                       facts.pieces);
  }
  if (*u.completion > facts.text_bytes + unseen) {
    return fmt::format("usage: {} completion tokens in {} bytes", *u.completion, facts.text_bytes);
  }
  return {};
}

}  // namespace quantrial
