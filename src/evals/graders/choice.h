// Multiple choice: the letter of the option.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `field` (the gold letter, "letter"), `options` (the field with the list of options,
// "options"), `extract` (json, answer-line, boxed), `lenient`.
std::unique_ptr<Grader> make_choice_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
