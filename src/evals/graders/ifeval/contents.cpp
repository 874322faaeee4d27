#include "evals/graders/ifeval/kinds.h"
#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::ifeval {

bool number_placeholders(const Instruction& instruction, std::string_view response) {
  const auto count = static_cast<int64_t>(PythonRegex(R"(\[.*?\])").count(response));
  return count >= instruction.integer("num_placeholders");
}

bool postscript(const Instruction& instruction, std::string_view response) {
  const std::string marker(python::strip(instruction.text("postscript_marker")));
  std::string pattern = R"(\s*)" + python::lower(marker) + ".*$";
  if (marker == "P.P.S") pattern = R"(\s*p\.\s?p\.\s?s.*$)";
  if (marker == "P.S.") pattern = R"(\s*p\.\s?s\..*$)";
  return PythonRegex("(?m)" + pattern).search(python::lower(response)).has_value();
}

bool two_responses(const Instruction&, std::string_view response) {
  std::vector<std::string_view> given;
  const std::vector<std::string_view> parts = python::split(response, "******");
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = python::strip(parts[i]);
    if (!part.empty()) {
      given.push_back(part);
    } else if (i > 0 && i + 1 < parts.size()) {
      return false;
    }
  }
  return given.size() == 2 && given[0] != given[1];
}

bool repeat_prompt(const Instruction& instruction, std::string_view response) {
  const std::string prompt = python::lower(python::strip(instruction.text("prompt_to_repeat")));
  return python::lower(python::strip(response)).starts_with(prompt);
}

bool end_checker(const Instruction& instruction, std::string_view response) {
  const std::string phrase = python::lower(python::strip(instruction.text("end_phrase")));
  const std::string_view body = python::strip(python::strip(response), "\"");
  return python::lower(body).ends_with(phrase);
}

bool quotation(const Instruction&, std::string_view response) {
  const std::string_view body = python::strip(response);
  return body.size() > 1 && body.front() == '"' && body.back() == '"';
}

}  // namespace quantrial::ifeval
