#include "evals/graders/graders.h"

#include "base/error.h"
#include "evals/graders/choice.h"
#include "evals/graders/exact.h"
#include "evals/graders/ifeval/ifeval.h"
#include "evals/graders/literal.h"
#include "evals/graders/live_code_bench.h"
#include "evals/graders/math.h"
#include "evals/graders/normalised.h"
#include "evals/graders/python_calls.h"

namespace quantrial {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Grader> (*make)(const GradingRule&, const std::string& where);
};

constexpr Entry entries[] = {
    {"exact", make_exact_grader},
    {"ifeval", make_ifeval_grader},
    {"math", make_math_grader},
    {"number", make_number_grader},
    {"choice", make_choice_grader},
    {"normalised", make_normalised_grader},
    {"literal", make_literal_grader},
    {"python-calls", make_python_calls_grader},
    {"python-check", make_python_check_grader},
    {"python-function", make_python_function_grader},
    {"livecodebench", make_live_code_bench_grader},
};

}  // namespace

std::unique_ptr<Grader> make_grader(const GradingRule& rule, const std::string& benchmark) {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries) {
    if (entry.name == rule.grader) {
      return entry.make(rule, fmt::format("{}: grading ({})", benchmark, entry.name));
    }
    names.push_back(entry.name);
  }
  throw Error("{}: grading: grader: '{}', use {}", benchmark, escaped(rule.grader),
              fmt::join(names, ", "));
}

}  // namespace quantrial
