// LiveCodeBench (`livecodebench`): programs that read standard input, or methods of a class
// Solution. The rows are those of code_generation_lite as published.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Options: `errata`, ids or titles of questions whose tests are broken or have several right
// answers: a sample of one is graded, and marked scores.errata = 1; `cpu_seconds` of a test, 6.
std::unique_ptr<Grader> make_live_code_bench_grader(const GradingRule& rule,
                                                    const std::string& where);

}  // namespace quantrial
