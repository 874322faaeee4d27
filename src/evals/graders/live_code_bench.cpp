#include "evals/graders/live_code_bench.h"

#include <set>

#include "base/error.h"
#include "evals/code/code_block.h"
#include "evals/code/pickled_text.h"
#include "evals/code/python_value.h"
#include "evals/code/solution_calls.h"
#include "evals/code/solution_tests.h"
#include "evals/graders/code_grader.h"
#include "evals/graders/options.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// What LiveCodeBench puts before every program (lcb_runner/evaluation/testing_util.py).
constexpr const char* prelude =
    "from string import *\nfrom re import *\nfrom datetime import *\n"
    "from collections import *\nfrom heapq import *\nfrom bisect import *\nfrom copy import *\n"
    "from math import *\nfrom random import *\nfrom statistics import *\n"
    "from itertools import *\nfrom functools import *\nfrom operator import *\nfrom io import *\n"
    "from sys import *\nfrom json import *\nfrom builtins import *\nfrom typing import *\n"
    "import string\nimport re\nimport datetime\nimport collections\nimport heapq\nimport bisect\n"
    "import copy\nimport math\nimport random\nimport statistics\nimport itertools\n"
    "import functools\nimport operator\nimport io\nimport sys\nimport json\n"
    "sys.setrecursionlimit(50000)\n";

struct Tests {
  std::vector<ProgramTest> programs;
  ReferenceCalls calls;  // of a method
  std::string method;    // empty: a program
};

class LiveCodeBenchGrader : public CodeGrader {
 public:
  LiveCodeBenchGrader(std::set<std::string> errata, double cpu_seconds, const std::string& where)
      : CodeGrader(where), errata_(std::move(errata)), limits_{cpu_seconds} {}
  std::string version() const override { return "livecodebench 1"; }

 private:
  std::optional<std::string> reference_answer(const Question&) const override {
    return std::nullopt;  // none are published
  }
  std::optional<std::string> code_of(const Question&, std::string_view answer) const override {
    return solution_block(answer, "");  // the last one
  }

  CodeResult run(const Question& q, const std::string& code) const override {
    const auto tests = tests_.get(q.id, [&] { return read_tests(q); });
    if (tests->method.empty()) {
      return run_tests(sandbox(), prelude + code, tests->programs, limits_);
    }
    const std::string call = "\ndef _call(*arguments):\n    return _plain(Solution()." +
                             tests->method +
                             "(*arguments))\n"
                             "def _plain(value):  # a tuple is as good as a list\n"
                             "    if isinstance(value, (list, tuple)):\n"
                             "        return [_plain(item) for item in value]\n"
                             "    return value\n";
    return run_calls(sandbox(), {prelude + code + call, "_call"}, tests->calls,
                     {.call_seconds = limits_.cpu_seconds});
  }

  void add_scores(const Question& q, const CodeResult&, Grade& grade) const override {
    const bool known = errata_.contains(q.id) || errata_.contains(field(q, "question_title"));
    if (known) grade.scores["errata"] = 1;
  }

  Tests read_tests(const Question& q) const {
    ordered_json all = parsed(q, field(q, "public_test_cases"));
    const std::string hidden = field(q, "private_test_cases");
    const bool plain = hidden.find_first_not_of(" \n") == std::string::npos || hidden[0] == '[';
    for (auto& test : parsed(q, plain ? hidden : packed_text(hidden, where(q)))) {
      all.push_back(std::move(test));
    }
    Tests tests;
    const ordered_json metadata = ordered_json::parse(field(q, "metadata"), nullptr, false);
    if (metadata.is_object()) tests.method = metadata.value("func_name", std::string());
    for (const ordered_json& test : all) add_test(q, test, tests);
    if (all.empty()) throw Error("{}: it has no tests; get the file again", where(q));
    return tests;
  }

  ordered_json parsed(const Question& q, const std::string& text) const {
    if (text.empty()) return ordered_json::array();
    ordered_json tests = ordered_json::parse(text, nullptr, false);
    if (!tests.is_array())
      throw Error("{}: its tests are no JSON list; get the file again", where(q));
    return tests;
  }

  void add_test(const Question& q, const ordered_json& test, Tests& tests) const {
    const std::string input = test.value("input", std::string());
    const std::string output = test.value("output", std::string());
    if (tests.method.empty()) {
      tests.programs.push_back({input, output});
      return;
    }
    auto arguments = ordered_json::array();  // one a line
    for (std::string_view rest = input; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \r") != std::string_view::npos) {
        arguments.push_back(json_value(q, line));
      }
    }
    tests.calls.calls.push_back(
        {marshal_of(arguments), marshal_of(json_value(q, output)), std::string()});
  }

  ordered_json json_value(const Question& q, std::string_view text) const {
    ordered_json value = ordered_json::parse(text, nullptr, false);
    if (value.is_discarded()) {
      throw Error("{}: a test is no JSON: {}; get the file again", where(q), escaped(text));
    }
    return value;
  }

  std::set<std::string> errata_;
  TestLimits limits_;
  mutable Kept<Tests> tests_;
};

}  // namespace

std::unique_ptr<Grader> make_live_code_bench_grader(const GradingRule& rule,
                                                    const std::string& where) {
  const GraderOptions options(rule.options, where, {"errata", "cpu_seconds"});
  std::set<std::string> errata;
  if (const auto at = rule.options.find("errata"); at != rule.options.end()) {
    if (!at->is_array()) throw Error("{}: errata: give a list of ids", where);
    for (const ordered_json& id : *at) errata.insert(field_text(id));
  }
  return std::make_unique<LiveCodeBenchGrader>(std::move(errata), options.number("cpu_seconds", 6),
                                               where);
}

}  // namespace quantrial
