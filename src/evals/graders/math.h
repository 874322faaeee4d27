// Answers of mathematics, from numbers to expressions (maths/), by the ladder of evaluation.md 3.3.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `field` (the gold answer, "answer"), `after` (what stands before it within the field),
// `extract` (boxed), `lenient`.
std::unique_ptr<Grader> make_math_grader(const GradingRule& rule, const std::string& where);

// The same for answers that are plain numbers: any other answer is wrong, whatever it may be worth.
std::unique_ptr<Grader> make_number_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
