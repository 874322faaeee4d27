// Answers that are right only character by character, white space at both ends apart: the
// generated families of the reference model.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `field` (the gold answer, "answer"), `prefix` (text before the answer that is dropped).
std::unique_ptr<Grader> make_exact_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
