#include "evals/code/code_verdict.h"

#include <array>

#include "base/error.h"

namespace quantrial {
namespace {

constexpr std::array<std::string_view, 9> names = {"OK",  "WA",      "RE",     "TLE",    "MLE",
                                                   "OLE", "COMPILE", "NOCODE", "SANDBOX"};

Verdict meaning(CodeVerdict verdict) {
  switch (verdict) {
    case CodeVerdict::ok:
      return Verdict::right;
    case CodeVerdict::no_code:
      return Verdict::no_answer;
    case CodeVerdict::sandbox:
      return Verdict::not_gradable;
    default:
      return Verdict::wrong;
  }
}

}  // namespace

std::string_view name(CodeVerdict verdict) { return names.at(static_cast<size_t>(verdict)); }

CodeVerdict verdict_of(const SandboxEnding& ending) {
  switch (ending.cause) {
    case SandboxEnding::Cause::cpu_limit:
    case SandboxEnding::Cause::wall_limit:
      return CodeVerdict::time_limit;
    case SandboxEnding::Cause::output_limit:
      return CodeVerdict::output_limit;
    default:
      return CodeVerdict::runtime_error;
  }
}

CodeVerdict verdict_of(const SandboxFrame& failure) {
  return failure.kind == 'm'   ? CodeVerdict::memory_limit
         : failure.kind == 'c' ? CodeVerdict::compile_error
                               : CodeVerdict::runtime_error;
}

Grade grade_of(const CodeResult& result, const std::string& code) {
  Grade grade;
  grade.verdict = meaning(result.verdict);
  grade.answer = code;
  grade.detail = std::string(name(result.verdict));
  if (!result.detail.empty()) grade.detail += ": " + escaped(result.detail, 300);
  grade.scores["verdict"] = name(result.verdict);
  grade.scores["passed"] = result.passed;
  return grade;
}

Grade no_code() {
  Grade grade;
  grade.detail = name(CodeVerdict::no_code);
  grade.scores["verdict"] = name(CodeVerdict::no_code);
  return grade;
}

}  // namespace quantrial
