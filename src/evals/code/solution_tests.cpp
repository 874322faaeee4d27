#include "evals/code/solution_tests.h"

#include "evals/code/program_output.h"

namespace quantrial {
namespace {

CodeVerdict run_test(const Sandbox& sandbox, const std::string& program, const ProgramTest& test,
                     TestLimits limits) {
  const auto python = sandbox.start(
      {.driver = Driver::program,
       .frames = {program},
       .input = test.input,
       .limits = {.cpu_seconds = limits.cpu_seconds, .wall_seconds = 3 * limits.cpu_seconds + 10}});
  bool started = false;
  while (const auto frame = python->next()) {
    if (started) return verdict_of(*frame);  // it did not compile, or ran out of memory
    started = frame->kind == 's';
  }
  const SandboxEnding& ending = python->wait();
  if (!started) return CodeVerdict::sandbox;
  const bool ended = ending.cause == SandboxEnding::Cause::exited && ending.code == 0;
  if (!ended) return verdict_of(ending);
  return same_output(ending.out, test.output) ? CodeVerdict::ok : CodeVerdict::wrong_answer;
}

}  // namespace

CodeResult run_tests(const Sandbox& sandbox, const std::string& program,
                     std::span<const ProgramTest> tests, TestLimits limits) {
  CodeResult result{CodeVerdict::ok, "", 0};
  for (const ProgramTest& test : tests) {
    result.verdict = run_test(sandbox, program, test, limits);
    if (result.verdict != CodeVerdict::ok) {
      result.detail =
          "test " + std::to_string(result.passed + 1) + " of " + std::to_string(tests.size());
      return result;
    }
    ++result.passed;
  }
  return result;
}

}  // namespace quantrial
