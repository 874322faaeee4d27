// A solution called once for every input; each result is compared, out here, as it comes.
#pragma once

#include <span>

#include "evals/code/code_verdict.h"
#include "evals/code/reference_calls.h"

namespace quantrial {

// When a result is right; how evalplus 0.3 compares, its special oracles included.
enum class CallComparison {
  equal,     // ==, or close where floats are expected
  set,       // set(result) == set(expected)
  not_none,  // whether there is a result at all; booleans as they are
  any,       // any result will do
  root,      // of the polynomial whose coefficients are the argument
  exact,     // == alone
};

struct CallRule {
  CallComparison comparison = CallComparison::equal;
  double atol = 0;
  double call_seconds = 2;  // of processor time; more where the reference needs a quarter of it
};

struct Solution {
  std::string program, entry_point;
};

// The outputs of a reference judged as those of a solution would be.
CodeResult compared_with_itself(const ReferenceCalls& reference, CallRule rule);

// Stops at the first result that is wrong.
CodeResult run_calls(const Sandbox& sandbox, const Solution& solution,
                     const ReferenceCalls& reference, CallRule rule);

// The results (marshal) of all calls, uncompared; none when there is another verdict than OK.
struct CallResults {
  CodeResult result;
  std::vector<std::string> outputs;
};
CallResults collect_calls(const Sandbox& sandbox, const Solution& solution,
                          const ReferenceCalls& reference, double call_seconds);

}  // namespace quantrial
