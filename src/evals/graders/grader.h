// From the answer part of a sample (never its thinking) to a verdict.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "evals/benchmark.h"

namespace quantrial {

enum class Verdict {
  right,
  wrong,
  no_answer,     // nothing that could be graded was found
  not_gradable,  // the grader failed (sandbox): to be graded again, never scored
};

struct Grade {
  Verdict verdict = Verdict::no_answer;
  std::optional<std::string> answer{};  // what was graded, in the form that is compared and shown
  std::string detail{};                 // "WA: input 3 of 17"; for people
  // Further figures, each a number or a list of them, one a part of the question: {"lenient": 1},
  // {"strict_instructions": [true, false]}. results.json has their means and their shares.
  nlohmann::ordered_json scores = nlohmann::ordered_json::object();
};

// Told how many questions of how many have been tried, by one thread at a time; false: stop.
using ObstacleWatch = std::function<bool(size_t done, size_t all)>;

class Grader {
 public:
  virtual ~Grader() = default;

  // Called from several threads at once. Throws Error only for a question that is broken.
  virtual Grade grade(const Question& question, std::string_view answer) const = 0;

  // Ends what grade() waits for, as programs: those answers are not gradable now.
  virtual void stop() const {}

  // What keeps it from working here, in one line ("no sandbox: ..."), found out before anything is
  // asked: a suite's own solutions are graded first.
  virtual std::optional<std::string> obstacle(std::span<const Question>,
                                              const ObstacleWatch&) const {
    return {};
  }
  std::optional<std::string> obstacle(std::span<const Question> questions) const {
    return obstacle(questions, {});
  }

  // Whether two answers that grade() gave for the same question are one and the same, for majority
  // votes. An equivalence on what occurs in practice; strings by default.
  virtual bool same(const std::string& a, const std::string& b) const { return a == b; }

  // Changes whenever a verdict may change: stored with every sample.
  virtual std::string version() const = 0;
};

}  // namespace quantrial
