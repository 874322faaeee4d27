// A program run once for every test, each in a sandbox of its own, with a stream for its input.
#pragma once

#include <span>

#include "evals/code/code_verdict.h"
#include "sandbox/sandbox.h"

namespace quantrial {

struct ProgramTest {
  std::string input, output;
};

struct TestLimits {
  double cpu_seconds = 6;  // of one test
};

// Stops at the first test that is not passed.
CodeResult run_tests(const Sandbox& sandbox, const std::string& program,
                     std::span<const ProgramTest> tests, TestLimits limits);

}  // namespace quantrial
