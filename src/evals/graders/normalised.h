// Short answers of words, letters or signs that are right up to how they are set: BIG-Bench Hard.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `field` ("answer"), `extract` (answer-line, boxed), `lenient`. Case, white space,
// Markdown, quotes, commas and a full stop do not count, nor what follows the letter of an option:
// "(B) Monday" is "(B)"; numbers are compared as numbers.
std::unique_ptr<Grader> make_normalised_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
