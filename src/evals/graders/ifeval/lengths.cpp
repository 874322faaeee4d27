#include "base/error.h"
#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::ifeval {
namespace {

// Of a word in lower case what stands before punctuation, opening quotes passed over.
std::string bare_word(std::string_view word) {
  for (const char quote : {'\'', '"'}) {
    while (word.starts_with(quote)) word.remove_prefix(1);
  }
  std::string bare;
  for (; !word.empty(); word.remove_prefix(python::first_character(word).size())) {
    const std::string_view letter = python::first_character(word);
    if (std::string_view(".,?!'\"").find(letter) != std::string_view::npos) break;
    bare += python::lower(letter);
  }
  return bare;
}

}  // namespace

bool number_sentences(const Instruction& instruction, std::string_view response) {
  const size_t count = instruction.tools().sentences.split(response).size();
  return instruction.holds(count, "relation", "num_sentences");
}

bool number_words(const Instruction& instruction, std::string_view response) {
  return instruction.holds(PythonRegex("\\w+").count(response), "relation", "num_words");
}

// Paragraphs stand between ***; an empty one may only be the first or the last.
bool number_paragraphs(const Instruction& instruction, std::string_view response) {
  const auto paragraphs = PythonRegex(R"(\s?\*\*\*\s?)").split(response);
  auto count = static_cast<int64_t>(paragraphs.size());
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    if (!python::strip(paragraphs[i]).empty()) continue;
    if (i > 0 && i + 1 < paragraphs.size()) return false;
    --count;
  }
  return count == instruction.integer("num_paragraphs");
}

// Paragraphs are counted without empty ones, but the n-th one is found with them.
bool nth_paragraph_first_word(const Instruction& instruction, std::string_view response) {
  const std::vector<std::string_view> paragraphs = python::split(response, "\n\n");
  int64_t count = 0;
  for (const std::string_view paragraph : paragraphs) count += !python::strip(paragraph).empty();
  const int64_t n = instruction.integer("nth_paragraph");
  if (n < 1 || n > count) return false;
  const auto words = python::split(paragraphs[static_cast<size_t>(n - 1)]);
  return !words.empty() && count == instruction.integer("num_paragraphs") &&
         bare_word(words.front()) == python::lower(instruction.text("first_word"));
}

}  // namespace quantrial::ifeval
