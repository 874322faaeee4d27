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
  std::string version() const override { return "livecodebench 2"; }

 private:
  std::optional<std::string> reference_trouble(const Question&) const override {
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
    return run_calls(sandbox(), {prelude + code + call_of(tests->method, code), "_call"},
                     tests->calls,
                     {.comparison = CallComparison::exact, .call_seconds = limits_.cpu_seconds});
  }

  // As LiveCodeBench calls: a method of one object for all tests, or a function where there is no
  // class; of a tuple it takes the list.
  static std::string call_of(const std::string& method, const std::string& code) {
    const bool has_class = code.find("class Solution") != std::string::npos;
    return fmt::format(
        "\n_method = {}{}\n"
        "def _call(*arguments):\n"
        "    value = _method(*arguments)\n"
        "    return list(value) if isinstance(value, tuple) else value\n",
        has_class ? "Solution()." : "", method);
  }

  // Whether its question is one of the errata, and the share that is right without those: a list of
  // parts, none of an erratum.
  void add_scores(const Question& q, const CodeResult& result, Grade& grade) const override {
    const bool known =
        errata_.contains(q.id) || errata_.contains(fields(q).as_text("question_title"));
    grade.scores["errata"] = known ? 1 : 0;
    auto parts = ordered_json::array();
    if (!known) parts.push_back(result.verdict == CodeVerdict::ok ? 1 : 0);
    grade.scores["without_errata"] = std::move(parts);
  }

  Tests read_tests(const Question& q) const {
    const QuestionFields f = fields(q);
    ordered_json all = parsed(f, "public_test_cases", f.as_text("public_test_cases"));
    const std::string hidden = f.as_text("private_test_cases");
    const bool plain = hidden.find_first_not_of(" \n") == std::string::npos || hidden[0] == '[';
    for (auto& test :
         parsed(f, "private_test_cases", plain ? hidden : packed_text(hidden, f.where()))) {
      all.push_back(std::move(test));
    }
    if (all.empty()) throw Error("{}: it has no tests; get the file again", f.where());
    Tests tests;
    tests.method = method_of(f);
    for (const ordered_json& test : all) add_test(f, test, tests);
    return tests;
  }

  // Empty: the question is a program's.
  static std::string method_of(const QuestionFields& f) {
    const ordered_json metadata = ordered_json::parse(f.as_text("metadata"), nullptr, false);
    const auto method = metadata.find("func_name");
    if (method == metadata.end() || method->is_null()) return {};
    if (!method->is_string()) f.refuse("metadata", metadata, "func_name must be a text");
    return method->get<std::string>();
  }

  static ordered_json parsed(const QuestionFields& f, const std::string& name,
                             const std::string& text) {
    if (text.empty()) return ordered_json::array();
    ordered_json tests = ordered_json::parse(text, nullptr, false);
    if (!tests.is_array()) f.refuse(name, text, "no JSON list; get the file again");
    return tests;
  }

  static void add_test(const QuestionFields& f, const ordered_json& test, Tests& tests) {
    const auto text = [&](const char* key) {
      const auto at = test.find(key);
      if (at == test.end() || !at->is_string()) {
        f.refuse("a test", test, "it needs the texts input and output; get the file again");
      }
      return at->get<std::string>();
    };
    const std::string input = text("input"), output = text("output");
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
        arguments.push_back(json_value(f, line));
      }
    }
    tests.calls.calls.push_back(
        reference_call(marshal_of(arguments), marshal_of(json_value(f, output))));
  }

  static ordered_json json_value(const QuestionFields& f, std::string_view text) {
    ordered_json value = ordered_json::parse(text, nullptr, false);
    if (value.is_discarded()) f.refuse("a test", text, "no JSON; get the file again");
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
