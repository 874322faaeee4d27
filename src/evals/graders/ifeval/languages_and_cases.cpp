#include <algorithm>

#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::ifeval {
namespace {

// A text without a language (digits, signs) is taken to be in the wanted one.
bool is_in(const std::string& language, const Instruction& instruction, std::string_view response) {
  return instruction.tools().languages.detect(response).value_or(language) == language;
}

}  // namespace

bool response_language(const Instruction& instruction, std::string_view response) {
  return is_in(instruction.text("language"), instruction, response);
}

bool capital_word_frequency(const Instruction& instruction, std::string_view response) {
  const LanguageTools& tools = instruction.tools();
  const std::vector<std::string> words = tools.words.words(response, tools.sentences);
  const auto count = std::count_if(words.begin(), words.end(),
                                   [](const std::string& word) { return python::is_upper(word); });
  return instruction.holds(static_cast<size_t>(count), "capital_relation", "capital_frequency");
}

bool english_capital(const Instruction& instruction, std::string_view response) {
  return python::is_upper(response) && is_in("en", instruction, response);
}

bool english_lowercase(const Instruction& instruction, std::string_view response) {
  return python::is_lower(response) && is_in("en", instruction, response);
}

}  // namespace quantrial::ifeval
