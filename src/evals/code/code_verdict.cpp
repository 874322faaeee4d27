#include "evals/code/code_verdict.h"

#include <array>

namespace quantrial {
namespace {

constexpr std::array<std::string_view, 9> names = {"OK",  "WA",      "RE",     "TLE",    "MLE",
                                                   "OLE", "COMPILE", "NOCODE", "SANDBOX"};

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

}  // namespace quantrial
