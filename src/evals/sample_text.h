// Which part of a generated text is its answer. Decided here for all that is graded and counted:
// what follows the last </think> (evaluation.md 0.2), so that thinking that was opened again is
// never graded. Chats show what follows the first (text/reasoning.h), as vLLM's parser does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "evals/sample.h"
#include "text/reasoning.h"
#include "text/tokenizer.h"

namespace quantrial {

struct SampleText {
  size_t thinking_bytes = 0;  // </think> included
  std::string answer;         // without the newlines after </think>
  bool in_thinking = false;   // it ended in thinking: there is no answer
};
SampleText split_sample(std::string_view text, PromptEnd begins);

// What Sample::server holds where a server that splits texts itself gave thinking alone, and the
// thinking speaks of </think>: its text is not to be split.
inline constexpr const char* thinking_alone = "thinking_alone";
// As split when the sample came.
SampleText split_sample(const Sample& sample, PromptEnd begins);

// Tokens of a generated text before and after the end of its thinking; the tokens that make
// </think> belong to the thinking, the end-of-text token to what it ends.
struct TokenSplit {
  int64_t thinking = 0, answer = 0;
};
TokenSplit split_tokens(std::span<const int32_t> tokens, const Tokenizer& tokenizer,
                        PromptEnd begins);

}  // namespace quantrial
