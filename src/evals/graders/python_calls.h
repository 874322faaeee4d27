// HumanEval+ and MBPP+ (`python-calls`): a function is called with many inputs; what it returns is
// compared with what the suite's own solution returns. HumanEval (`python-check`): the suite's
// check(candidate) judges what it returned. Both run code in the sandbox alone.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// Of each question: `prompt`, `canonical_solution`, `entry_point`, `base_input` and `plus_input`
// (JSON as text, tools/python_suites.py), and where they differ from the usual `atol`,
// `comparison` (equal, set, not_none, any, root), `alternative` (a further program whose results
// are right too).
std::unique_ptr<Grader> make_python_calls_grader(const GradingRule& rule, const std::string& where);

// Of each question: `prompt`, `canonical_solution`, `entry_point`, `test`. An answer stands behind
// the prompt, whose helpers it may use.
std::unique_ptr<Grader> make_python_check_grader(const GradingRule& rule, const std::string& where);

// The reference model's family `code`: `answer` (a solution) and `tests`, [[input, output], ...];
// the function is the first that the answer defines.
std::unique_ptr<Grader> make_python_function_grader(const GradingRule& rule,
                                                    const std::string& where);

}  // namespace quantrial
