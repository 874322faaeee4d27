// Verdicts on programs (evaluation.md 1.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/limits.h"
#include "sandbox/sandboxed_python.h"

namespace quantrial {

enum class CodeVerdict {
  ok,
  wrong_answer,
  runtime_error,  // an exception, or an end before the last answer
  time_limit,
  memory_limit,
  output_limit,
  compile_error,
  no_code,
  sandbox,  // it was never run; not the program's fault
};
std::string_view name(CodeVerdict verdict);  // "OK", "WA", ...

struct CodeResult {
  CodeVerdict verdict = CodeVerdict::sandbox;
  std::string detail;  // "input 3 of 17"
  int64_t passed = 0;  // calls or tests before the first failure
};

// What an ending, or a frame that tells of a failure, makes of a program that still owes answers.
CodeVerdict verdict_of(const SandboxEnding& ending);
CodeVerdict verdict_of(const SandboxFrame& failure);

}  // namespace quantrial
