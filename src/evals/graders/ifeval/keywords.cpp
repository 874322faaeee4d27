// Keywords are regular expressions, and found within words.
#include <algorithm>

#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::ifeval {

bool existence(const Instruction& instruction, std::string_view response) {
  const std::vector<std::string> keywords = instruction.texts("keywords");
  return std::all_of(keywords.begin(), keywords.end(), [&](const std::string& keyword) {
    return PythonRegex("(?i)" + keyword).search(response).has_value();
  });
}

bool frequency(const Instruction& instruction, std::string_view response) {
  const std::string keyword(python::strip(instruction.text("keyword")));
  return instruction.holds(PythonRegex("(?i)" + keyword).count(response), "relation", "frequency");
}

bool forbidden_words(const Instruction& instruction, std::string_view response) {
  const std::vector<std::string> words = instruction.texts("forbidden_words");
  return std::none_of(words.begin(), words.end(), [&](const std::string& word) {
    return PythonRegex("(?i)\\b" + word + "\\b").search(response).has_value();
  });
}

// Of a character that is no Latin letter the official code counts a letter drawn at random; here
// the character itself counts.
bool letter_frequency(const Instruction& instruction, std::string_view response) {
  const std::string letter = python::lower(python::strip(instruction.text("letter")));
  if (letter.empty()) instruction.refuse("letter", "empty");
  const size_t count = python::split(python::lower(response), letter).size() - 1;
  return instruction.holds(count, "let_relation", "let_frequency");
}

}  // namespace quantrial::ifeval
