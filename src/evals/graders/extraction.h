// The final answer within what a model replied: where graders look for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evals/graders/options.h"

namespace quantrial {

// The last \boxed{...} or \fbox{...}; nothing when its brace is never closed.
std::optional<std::string> last_boxed(std::string_view reply);
// "1,234.50", "-7", "3/4": the last one.
std::optional<std::string> last_number(std::string_view reply);
// What follows the last "Answer:", to the end of its line (or the next line that holds anything),
// without Markdown around it.
std::optional<std::string> answer_line(std::string_view reply);
// The value of the last "answer": in JSON, a text or a number; also in single quotes.
std::optional<std::string> json_answer(std::string_view reply);
// Between the last [ANSWER] and [/ANSWER], or the end.
std::optional<std::string> tagged_answer(std::string_view reply);
// The last line that holds anything, without Markdown around it.
std::optional<std::string> last_line(std::string_view reply);

// A list of the above by name, the first that finds something counts. `strict` decides the verdict;
// `lenient` are tried after it for the score of that name, and null without them.
class Extraction {
 public:
  // Keys `extract` and `lenient`: a name or a list of boxed, number, answer-line, json, tag,
  // last-line, whole.
  Extraction(const GraderOptions& options, std::vector<std::string> by_default);

  // Behind "answer" only what `is_answer` counts, where anything does.
  using IsAnswer = std::function<bool(const std::string&)>;
  std::optional<std::string> strict(std::string_view reply, const IsAnswer& is_answer) const;
  std::optional<std::string> lenient(std::string_view reply, const IsAnswer& is_answer) const;
  bool has_lenient() const { return !lenient_.empty(); }

 private:
  using Finder = std::optional<std::string> (*)(std::string_view);
  static std::vector<Finder> finders(const std::vector<std::string>& names,
                                     const std::string& where);
  std::vector<Finder> strict_, lenient_;
};

}  // namespace quantrial
