// Answers that are Python literals, compared as Python compares them, without running anything:
// CRUXEval's output prediction.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `field` ("output"), `extract` (tag), `lenient`. Of "assert f(1) == [1, 2]" what follows
// the last "==" counts.
std::unique_ptr<Grader> make_literal_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
