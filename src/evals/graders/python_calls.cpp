#include "evals/graders/python_calls.h"

#include <array>

#include "base/error.h"
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
  std::string version() const override { return "python-calls 1"; }

 private:
  std::string reference_program(const Question& q) const {
    return field(q, "prompt") + field(q, "canonical_solution");
  }
  std::optional<std::string> reference_answer(const Question& q) const override {
    return fenced(reference_program(q));
  }
  std::optional<std::string> code_of(const Question& q, std::string_view answer) const override {
    return solution_block(answer, field(q, "entry_point"));
  }

  std::shared_ptr<const ReferenceCalls> reference(const Question& q) const {
    return references_.get(q.id, [&] {
      const std::string alternative =
          q.fields.contains("alternative") ? field(q, "alternative") : "";
      return run_reference(sandbox(),
                           {.driver = Driver::reference,
                            .frames = {reference_program(q), field(q, "entry_point"), alternative,
                                       field(q, "base_input"), field(q, "plus_input")}},
                           where(q));
    });
  }

  CallRule rule(const Question& q) const {
    CallRule rule;
    rule.atol = q.fields.value("atol", 0.0);
    if (!q.fields.contains("comparison")) return rule;
    const std::string word = field(q, "comparison");
    const auto at = std::find(comparisons.begin(), comparisons.end(), word);
    if (at == comparisons.end()) {
      throw Error("{}: comparison '{}', use {}", where(q), escaped(word),
                  fmt::join(comparisons, ", "));
    }
    rule.comparison = static_cast<CallComparison>(at - comparisons.begin());
    return rule;
  }

  CodeResult run(const Question& q, const std::string& code) const override {
    return run_calls(sandbox(), {code, field(q, "entry_point")}, *reference(q), rule(q));
  }

  // Whether it passes the suite without its extension (HumanEval, MBPP).
  void add_scores(const Question& q, const CodeResult& result, Grade& grade) const override {
    if (grade.verdict == Verdict::not_gradable) return;
    const auto base = static_cast<int64_t>(reference(q)->base);
    const bool ran = result.verdict != CodeVerdict::compile_error;
    grade.scores["base"] = ran && result.passed >= base ? 1 : 0;
  }

  mutable Kept<ReferenceCalls> references_;
};

class CheckGrader : public CodeGrader {
 public:
  using CodeGrader::CodeGrader;
  std::string version() const override { return "python-check 1"; }

 private:
  std::optional<std::string> reference_answer(const Question& q) const override {
    return fenced(field(q, "prompt") + field(q, "canonical_solution"));
  }
  std::optional<std::string> code_of(const Question& q, std::string_view answer) const override {
    const auto block = solution_block(answer, field(q, "entry_point"));
    if (!block) return std::nullopt;
    return field(q, "prompt") + "\n" + *block;
  }

  Sandbox::Job check_job(const Question& q) const {
    return {.driver = Driver::check,
            .frames = {field(q, "prompt") + field(q, "canonical_solution"), field(q, "entry_point"),
                       field(q, "test")}};
  }
  std::shared_ptr<const ReferenceCalls> reference(const Question& q) const {
    return references_.get(q.id, [&] { return run_reference(sandbox(), check_job(q), where(q)); });
  }

  // The check, in a sandbox without the answer, with the answer's results.
  CodeResult run(const Question& q, const std::string& code) const override {
    CallResults results = collect_calls(sandbox(), {code, field(q, "entry_point")}, *reference(q),
                                        CallRule().call_seconds);
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
  std::string version() const override { return "python-function 1"; }

 private:
  std::optional<std::string> reference_answer(const Question& q) const override {
    return field(q, "answer");
  }
  std::optional<std::string> code_of(const Question&, std::string_view answer) const override {
    return solution_block(answer, "");
  }

  ReferenceCalls tests(const Question& q) const {
    ReferenceCalls tests;
    for (const auto& test : q.fields.at("tests")) {
      tests.calls.push_back({.arguments = marshal_of(nlohmann::ordered_json::array({test.at(0)})),
                             .output = marshal_of(test.at(1)),
                             .alternative = ""});
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
