// The 25 kinds of instructions of IFEval (Zhou et al. 2023, arXiv 2311.07911), each as
// google-research/instruction_following_eval checks it, corner cases included.
#pragma once

#include <string_view>

#include "evals/graders/ifeval/instruction.h"

namespace quantrial {

// Whether a response (valid UTF-8, not all white space) follows the instruction.
using Follows = bool (*)(const Instruction& instruction, std::string_view response);

// Throws Error for an unknown kind.
Follows check_of(std::string_view kind);

namespace ifeval {  // each kind is called as in the data files

// keywords.cpp
bool existence(const Instruction&, std::string_view);
bool frequency(const Instruction&, std::string_view);
bool forbidden_words(const Instruction&, std::string_view);
bool letter_frequency(const Instruction&, std::string_view);

// lengths.cpp
bool number_sentences(const Instruction&, std::string_view);
bool number_paragraphs(const Instruction&, std::string_view);
bool number_words(const Instruction&, std::string_view);
bool nth_paragraph_first_word(const Instruction&, std::string_view);

// contents.cpp
bool number_placeholders(const Instruction&, std::string_view);
bool postscript(const Instruction&, std::string_view);
bool two_responses(const Instruction&, std::string_view);
bool repeat_prompt(const Instruction&, std::string_view);
bool end_checker(const Instruction&, std::string_view);
bool quotation(const Instruction&, std::string_view);

// formats.cpp
bool number_bullet_lists(const Instruction&, std::string_view);
bool constrained_response(const Instruction&, std::string_view);
bool number_highlighted_sections(const Instruction&, std::string_view);
bool multiple_sections(const Instruction&, std::string_view);
bool json_format(const Instruction&, std::string_view);
bool title(const Instruction&, std::string_view);
bool no_comma(const Instruction&, std::string_view);

// languages_and_cases.cpp
bool response_language(const Instruction&, std::string_view);
bool capital_word_frequency(const Instruction&, std::string_view);
bool english_capital(const Instruction&, std::string_view);
bool english_lowercase(const Instruction&, std::string_view);

}  // namespace ifeval
}  // namespace quantrial
