// How a sample ended, from the reply and the verdict (product.md 4, evaluation.md 0.3).
#pragma once

#include <span>
#include <string_view>

#include "evals/answerer.h"
#include "evals/graders/grader.h"
#include "evals/sample.h"

namespace quantrial {

// Whether the last 256 or more tokens repeat with a period of at most 128.
bool ends_in_loop(std::span<const int32_t> tokens);
// The same of tokens made of the text: its limit may have cut it within a word, so the last two may
// be others than those of the period.
bool text_tokens_end_in_loop(std::span<const int32_t> tokens);
// The same of text whose tokens are not known: its last 1024 bytes, a period of at most 512.
bool ends_in_loop(std::string_view text);

// What a reply is before grading; `answered` when its answer is to be graded. An unfinished answer
// is never graded, nor is one whose thinking was never closed.
Outcome outcome_before_grading(const Reply& reply);
Outcome outcome_of(Verdict verdict);

}  // namespace quantrial
