// The one list of graders.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Throws Error for an unknown name (with the names there are) and for options that the grader does
// not have. One that cannot run here (no sandbox) says so by its obstacle().
std::unique_ptr<Grader> make_grader(const GradingRule& rule, const std::string& benchmark);

}  // namespace quantrial
