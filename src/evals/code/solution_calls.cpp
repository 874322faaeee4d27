#include "evals/code/solution_calls.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "evals/code/python_value.h"

namespace quantrial {
namespace {

using Kind = PythonValue::Kind;

constexpr double reference_factor = 4;  // a call may take so much longer than the suite's own

// |p(x)| <= atol for the coefficients that are the only argument, lowest first.
bool is_root(const ReferenceCall& call, const PythonValue& x, double atol) {
  const auto arguments = parse_marshal(call.arguments);
  if (!arguments || arguments->items.size() != 1 || !x.is_number()) return false;
  double sum = 0, power = 0;
  for (const PythonValue& coefficient : arguments->items[0].items) {
    sum += as_double(coefficient) * std::pow(as_double(x), power++);
  }
  return std::fabs(sum) <= atol;
}

// Of one solution: the tolerance that floats bring stays for the inputs that follow, as in
// evalplus.
class Comparison {
 public:
  explicit Comparison(CallRule rule) : rule_(rule) {}

  bool right(const ReferenceCall& call, const std::string& given) {
    const bool by_value =
        rule_.comparison == CallComparison::equal || rule_.comparison == CallComparison::exact;
    if (rule_.atol == 0 && call.is_floats) rule_.atol = 1e-6;
    if (by_value && call.equals_itself && given == call.output) return true;
    const auto result = parse_marshal(given), expected = parse_marshal(call.output);
    if (!result || !expected) return false;
    switch (rule_.comparison) {
      case CallComparison::equal:
        return is_equal(call, *result, *expected);
      case CallComparison::exact:
        return equal(*result, *expected);
      case CallComparison::set:
        return equal_as_sets(*result, *expected);
      case CallComparison::not_none:
        return result->kind == Kind::boolean
                   ? result->text == (expected->kind == Kind::none ? "0" : "1")
                   : (result->kind != Kind::none) == (expected->kind != Kind::none);
      case CallComparison::any:
        return true;
      case CallComparison::root:
        return is_root(call, *result, rule_.atol);
    }
    return false;
  }

 private:
  bool is_equal(const ReferenceCall& call, const PythonValue& result, const PythonValue& expected) {
    if (equal(result, expected)) return true;
    const auto other = parse_marshal(call.alternative);
    if (other && equal(result, *other)) return true;
    return rule_.atol != 0 && result.kind == expected.kind &&
           all_close(result, expected, rule_.atol);
  }

  CallRule rule_;
};

using Judge = std::function<bool(size_t call, const std::string& output)>;

std::unique_ptr<SandboxedPython> start(const Sandbox& sandbox, const Solution& solution,
                                       const ReferenceCalls& reference, double least_seconds) {
  const double seconds = std::max(least_seconds, reference_factor * reference.slowest_seconds);
  Sandbox::Job job{.driver = Driver::calls,
                   .frames = {solution.program, solution.entry_point, std::to_string(seconds)}};
  for (const ReferenceCall& call : reference.calls) job.frames.push_back(call.arguments);
  return sandbox.start(std::move(job));
}

CodeResult failed(CodeVerdict verdict, int64_t passed, size_t calls, const std::string& why) {
  std::string detail = fmt::format("input {} of {}", passed + 1, calls);
  if (!why.empty()) detail += ", " + why;
  return {verdict, std::move(detail), passed};
}

CodeResult run(const Sandbox& sandbox, const Solution& solution, const ReferenceCalls& reference,
               double call_seconds, const Judge& judge) {
  const auto python = start(sandbox, solution, reference, call_seconds);
  const size_t calls = reference.calls.size();
  require(calls > 0, "a question has tests");  // else the first result would be one too many
  bool started = false;
  int64_t passed = 0;
  while (const auto frame = python->next()) {
    if (frame->kind == 's') {
      started = true;
    } else if (frame->kind != 'r') {
      return failed(verdict_of(*frame), passed, calls, frame->payload);
    } else if (!judge(static_cast<size_t>(passed), frame->payload)) {
      return failed(CodeVerdict::wrong_answer, passed, calls, "");
    } else if (++passed == static_cast<int64_t>(calls)) {
      return {CodeVerdict::ok, "", passed};
    }
  }
  const SandboxEnding& ending = python->settle();
  if (!started) return {CodeVerdict::sandbox, ending.err, 0};
  return failed(verdict_of(ending), passed, calls, "");
}

}  // namespace

CodeResult run_calls(const Sandbox& sandbox, const Solution& solution,
                     const ReferenceCalls& reference, CallRule rule) {
  Comparison comparison(rule);
  return run(sandbox, solution, reference, rule.call_seconds,
             [&](size_t call, const std::string& output) {
               return comparison.right(reference.calls[call], output);
             });
}

CodeResult compared_with_itself(const ReferenceCalls& reference, CallRule rule) {
  Comparison comparison(rule);
  int64_t passed = 0;
  for (const ReferenceCall& call : reference.calls) {
    if (!comparison.right(call, call.output)) {
      return failed(CodeVerdict::wrong_answer, passed, reference.calls.size(), "");
    }
    ++passed;
  }
  return {CodeVerdict::ok, "", passed};
}

CallResults collect_calls(const Sandbox& sandbox, const Solution& solution,
                          const ReferenceCalls& reference, double call_seconds) {
  CallResults results;
  results.result =
      run(sandbox, solution, reference, call_seconds, [&](size_t, const std::string& output) {
        results.outputs.push_back(output);
        return parse_marshal(output).has_value();
      });
  return results;
}

}  // namespace quantrial
