#include "evals/outcome.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr std::array<std::string_view, outcome_count> names = {
    "answered", "truncated_thinking", "truncated_answer", "no_answer",
    "loop",     "transport_error",    "sandbox_error"};

template <typename T>
bool is_periodic(std::span<const T> tail, size_t longest_period) {
  for (size_t period = 1; period <= longest_period; ++period) {
    size_t i = period;
    while (i < tail.size() && tail[i] == tail[i - period]) ++i;
    if (i == tail.size()) return true;
  }
  return false;
}

bool is_loop(const Reply& reply) {
  if (reply.token_ids.empty()) return ends_in_loop(std::string_view(reply.text));
  const std::span<const int32_t> tokens(reply.token_ids);
  return reply.tokenized_again ? text_tokens_end_in_loop(tokens) : ends_in_loop(tokens);
}

}  // namespace

std::string_view name(Outcome outcome) { return names.at(static_cast<size_t>(outcome)); }

Outcome outcome_of(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Outcome>(i);
  }
  throw Error("outcome '{}': not one of the seven; was the file written by a newer version?",
              escaped(name));
}

bool ends_in_loop(std::span<const int32_t> tokens) {
  constexpr size_t tail = 256, longest_period = 128;
  return tokens.size() >= tail && is_periodic(tokens.last(tail), longest_period);
}

bool text_tokens_end_in_loop(std::span<const int32_t> tokens) {
  constexpr size_t ragged = 2;
  for (size_t n = 0; n <= std::min(ragged, tokens.size()); ++n) {
    if (ends_in_loop(tokens.first(tokens.size() - n))) return true;
  }
  return false;
}

bool ends_in_loop(std::string_view text) {
  constexpr size_t tail = 1024, longest_period = 512;
  return text.size() >= tail && is_periodic(std::span<const char>(text).last(tail), longest_period);
}

Outcome outcome_before_grading(const Reply& reply) {
  if (reply.error) return Outcome::transport_error;
  if (reply.finish_reason == "length") {
    if (is_loop(reply)) return Outcome::loop;
    return reply.in_thinking ? Outcome::truncated_thinking : Outcome::truncated_answer;
  }
  return reply.in_thinking ? Outcome::no_answer : Outcome::answered;
}

Outcome outcome_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::right:
    case Verdict::wrong:
      return Outcome::answered;
    case Verdict::no_answer:
      return Outcome::no_answer;
    case Verdict::not_gradable:
      return Outcome::sandbox_error;
  }
  return Outcome::no_answer;
}

}  // namespace quantrial
