// Whether a benchmark is asked with thinking, and how a stored run says so.
#pragma once

#include <string>
#include <string_view>

#include "text/reasoning.h"

namespace quantrial {

enum class Thinking { on, off };

inline constexpr std::string_view no_thinking_mark = "-no-thinking";

// The name in the store of a benchmark that is asked so, and the benchmark of such a name.
inline std::string stored_name(const std::string& benchmark, Thinking thinking) {
  return thinking == Thinking::on ? benchmark : benchmark + std::string(no_thinking_mark);
}
inline std::string benchmark_of(std::string_view stored, Thinking thinking) {
  if (thinking == Thinking::off && stored.ends_with(no_thinking_mark)) {
    stored.remove_suffix(no_thinking_mark.size());
  }
  return std::string(stored);
}

// Where a generated text begins: with thinking the prompt has opened it. A text that opens its
// thinking itself is split alike either way.
inline PromptEnd text_begins(Thinking thinking) {
  return thinking == Thinking::on ? PromptEnd::inside_reasoning : PromptEnd::outside_reasoning;
}

}  // namespace quantrial
