#include <algorithm>

#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_json.h"
#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::ifeval {
namespace {

void remove_prefix(std::string_view& text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
}
void remove_suffix(std::string_view& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
}

}  // namespace

bool number_bullet_lists(const Instruction& instruction, std::string_view response) {
  const size_t count = PythonRegex(R"((?m)^\s*\*[^\*].*$)").count(response) +
                       PythonRegex(R"((?m)^\s*-.*$)").count(response);
  return static_cast<int64_t>(count) == instruction.integer("num_bullets");
}

bool constrained_response(const Instruction&, std::string_view response) {
  constexpr std::string_view answers[] = {"My answer is yes.", "My answer is no.",
                                          "My answer is maybe."};
  return std::any_of(std::begin(answers), std::end(answers), [&](std::string_view answer) {
    return response.find(answer) != std::string_view::npos;
  });
}

// **bold** counts both as *...* and as **...** where it contains no line break.
bool number_highlighted_sections(const Instruction& instruction, std::string_view response) {
  int64_t count = 0;
  for (const std::string_view found : PythonRegex(R"(\*[^\n\*]*\*)").find_all(response)) {
    count += !python::strip(python::strip(found, "*")).empty();
  }
  for (std::string_view found : PythonRegex(R"(\*\*[^\n\*]*\*\*)").find_all(response)) {
    remove_prefix(found, "**");
    remove_suffix(found, "**");
    count += !python::strip(found).empty();
  }
  return count >= instruction.integer("num_highlights");
}

bool multiple_sections(const Instruction& instruction, std::string_view response) {
  const std::string mark(python::strip(instruction.text("section_spliter")));
  const size_t count = PythonRegex(R"(\s?)" + mark + R"(\s?\d+\s?)").count(response);
  return static_cast<int64_t>(count) >= instruction.integer("num_sections");
}

bool json_format(const Instruction&, std::string_view response) {
  std::string_view body = python::strip(response);
  for (const std::string_view fence : {"```json", "```Json", "```JSON", "```"}) {
    remove_prefix(body, fence);
  }
  remove_suffix(body, "```");
  return python::json_loads(python::strip(body));
}

bool title(const Instruction&, std::string_view response) {
  for (std::string_view found : PythonRegex(R"(<<[^\n]+>>)").find_all(response)) {
    while (found.starts_with('<')) found.remove_prefix(1);
    while (found.ends_with('>')) found.remove_suffix(1);
    if (!python::strip(found).empty()) return true;
  }
  return false;
}

bool no_comma(const Instruction&, std::string_view response) {
  return response.find(',') == std::string_view::npos;
}

}  // namespace quantrial::ifeval
