// IFEval: whether a response follows the instructions of its prompt, strictly and loosely, as
// google-research/instruction_following_eval grades it.
#pragma once

#include "evals/graders/grader.h"

namespace quantrial {

// The question has the fields `instruction_id_list` and `kwargs`, as published. Right: all
// instructions are followed (prompt level, strict). Further scores: loose_prompt, and the lists
// strict_instructions and loose_instructions, which say it of each instruction.
std::unique_ptr<Grader> make_ifeval_grader(const GradingRule& rule, const std::string& where);

}  // namespace quantrial
