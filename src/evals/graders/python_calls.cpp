#include "evals/graders/python_calls.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "evals/code/code_block.h"
#include "evals/code/python_value.h"
#include "evals/code/solution_calls.h"
#include "evals/graders/code_grader.h"
#include "evals/graders/options.h"

namespace quantrial {
namespace {

constexpr std::array<std::string_view, 5> comparisons = {"equal", "set", "not_none", "any", "root"};

class CallsGrader : public CodeGrader {
 public:
  using CodeGrader::CodeGrader;
  std::string version() const override { return "python-calls 2"; }

 private:
  std::string reference_program(const Question& q) const {
    return fields(q).text("prompt") + fields(q).text("canonical_solution");
  }
  // What it gives was called right when it came; it must also be so by the rule.
  std::optional<std::string> reference_trouble(const Question& q) const override {
    const CodeResult result = compared_with_itself(*reference(q), rule(q));
    if (result.verdict == CodeVerdict::ok) return std::nullopt;
    return fmt::format("{}: the suite's own solution is graded {}: {}", fields(q).where(),
                       name(result.verdict), result.detail);
  }
  std::optional<std::string> code_of(const Question& q, std::string_view answer) const override {
    return solution_block(answer, fields(q).text("entry_point"));
  }

  std::shared_ptr<const ReferenceCalls> reference(const Question& q) const {
    return references_.get(q.id, [&] {
      const QuestionFields f = fields(q);
      return run_reference(
          sandbox(),
          {.driver = Driver::reference,
           .frames = {reference_program(q), f.text("entry_point"), f.text("alternative", ""),
                      f.as_text("base_input"), f.as_text("plus_input")}},
          f.where());
    });
  }

  CallRule rule(const Question& q) const {
    CallRule rule;
    rule.atol = fields(q).number("atol", 0);
    const std::string word = fields(q).text("comparison", "equal");
    const auto at = std::find(comparisons.begin(), comparisons.end(), word);
    if (at == comparisons.end()) {
      fields(q).refuse("comparison", word, fmt::format("use {}", fmt::join(comparisons, ", ")));
    }
    rule.comparison = static_cast<CallComparison>(at - comparisons.begin());
    return rule;
  }

  CodeResult run(const Question& q, const std::string& code) const override {
    return run_calls(sandbox(), {code, fields(q).text("entry_point")}, *reference(q), rule(q));
  }

  // Whether it passes the suite without its extension (HumanEval, MBPP).
  void add_scores(const Question& q, const CodeResult& result, Grade& grade) const override {
    const bool ran =
        result.verdict != CodeVerdict::compile_error && result.verdict != CodeVerdict::no_code;
    grade.scores["base"] = ran && result.passed >= static_cast<int64_t>(reference(q)->base) ? 1 : 0;
  }

  mutable Kept<ReferenceCalls> references_;
};

class CheckGrader : public CodeGrader {
 public:
  using CodeGrader::CodeGrader;
  std::string version() const override { return "python-check 2"; }

 private:
  std::optional<std::string> reference_trouble(const Question& q) const override {
    reference(q);  // it passes the check, or throws
    return std::nullopt;
  }
  std::optional<std::string> code_of(const Question& q, std::string_view answer) const override {
    const auto block = solution_block(answer, fields(q).text("entry_point"));
    if (!block) return std::nullopt;
    return fields(q).text("prompt") + "\n" + *block;
  }

  Sandbox::Job check_job(const Question& q) const {
    const QuestionFields f = fields(q);
    return {.driver = Driver::check,
            .frames = {f.text("prompt") + f.text("canonical_solution"), f.text("entry_point"),
                       f.text("test")}};
  }
  std::shared_ptr<const ReferenceCalls> reference(const Question& q) const {
    return references_.get(
        q.id, [&] { return run_reference(sandbox(), check_job(q), fields(q).where()); });
  }

  // The check, in a sandbox without the answer, with the answer's results.
  CodeResult run(const Question& q, const std::string& code) const override {
    CallResults results = collect_calls(sandbox(), {code, fields(q).text("entry_point")},
                                        *reference(q), CallRule().call_seconds);
    if (results.result.verdict != CodeVerdict::ok) return results.result;
    Sandbox::Job job = check_job(q);
    job.frames.push_back("replay");
    for (std::string& output : results.outputs) job.frames.push_back(std::move(output));
    const auto python = sandbox().start(std::move(job));
    CodeResult judged{CodeVerdict::sandbox, "", results.result.passed};
    while (const auto frame = python->next()) {
      if (frame->kind == 'b') judged.verdict = CodeVerdict::ok;
      if (frame->kind == 'e') judged = {CodeVerdict::wrong_answer, frame->payload, 0};
    }
    return judged;
  }

  mutable Kept<ReferenceCalls> references_;
};

class FunctionGrader : public CodeGrader {
 public:
  using CodeGrader::CodeGrader;
  std::string version() const override { return "python-function 2"; }

 private:
  std::optional<std::string> reference_trouble(const Question& q) const override {
    const Grade graded = grade(q, fields(q).text("answer"));
    if (graded.verdict == Verdict::right) return std::nullopt;
    return fmt::format("{}: the suite's own solution is graded {}", fields(q).where(),
                       graded.detail);
  }
  std::optional<std::string> code_of(const Question&, std::string_view answer) const override {
    return solution_block(answer, "");
  }

  ReferenceCalls tests(const Question& q) const {
    ReferenceCalls tests;
    const auto& list = fields(q).list("tests");
    if (list.empty()) fields(q).refuse("tests", list, "give a test at least");
    for (const auto& test : list) {
      if (!test.is_array() || test.size() != 2) {
        fields(q).refuse("tests", test, "give lists of an input and its output");
      }
      tests.calls.push_back(reference_call(marshal_of(nlohmann::ordered_json::array({test.at(0)})),
                                           marshal_of(test.at(1))));
    }
    return tests;
  }

  CodeResult run(const Question& q, const std::string& code) const override {
    const auto function = first_function(code);
    if (!function) return {CodeVerdict::compile_error, "no function is defined", 0};
    return run_calls(sandbox(), {code, *function}, tests(q), {});
  }
};

template <typename T>
std::unique_ptr<Grader> make(const GradingRule& rule, const std::string& where) {
  const GraderOptions no_options(rule.options, where, {});
  return std::make_unique<T>(where);
}

}  // namespace

std::unique_ptr<Grader> make_python_calls_grader(const GradingRule& rule,
                                                 const std::string& where) {
  return make<CallsGrader>(rule, where);
}
std::unique_ptr<Grader> make_python_check_grader(const GradingRule& rule,
                                                 const std::string& where) {
  return make<CheckGrader>(rule, where);
}
std::unique_ptr<Grader> make_python_function_grader(const GradingRule& rule,
                                                    const std::string& where) {
  return make<FunctionGrader>(rule, where);
}

}  // namespace quantrial
