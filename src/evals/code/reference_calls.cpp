#include "evals/code/reference_calls.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "evals/code/python_value.h"

namespace quantrial {
namespace {

bool is_floats(const PythonValue& v) {
  const auto is_float = [](const PythonValue& x) { return x.kind == PythonValue::Kind::real; };
  return is_float(v) || (v.is_sequence() && !v.items.empty() &&
                         std::all_of(v.items.begin(), v.items.end(), is_float));
}

}  // namespace

ReferenceCall reference_call(std::string arguments, std::string output, std::string alternative) {
  const auto value = parse_marshal(output);
  return {.arguments = std::move(arguments),
          .output = std::move(output),
          .alternative = std::move(alternative),
          .equals_itself = value && equals_itself(*value),
          .is_floats = value && is_floats(*value)};
}

ReferenceCalls run_reference(const Sandbox& sandbox, Sandbox::Job job, const std::string& where) {
  const auto python = sandbox.start(std::move(job));
  ReferenceCalls reference;
  std::vector<std::string> parts;  // of a call: arguments, output, alternative, seconds
  size_t blocks = 0;
  std::string failure;
  bool started = false;
  while (const auto frame = python->next()) {
    started = true;
    if (frame->kind == 'r') parts.push_back(frame->payload);
    if (frame->kind == 'b' && ++blocks == 1) reference.base = reference.calls.size();
    if (frame->kind != 'r' && frame->kind != 'b' && frame->kind != 's') failure = frame->payload;
    if (parts.size() < 4) continue;
    const auto seconds = parse_marshal(parts[3]);
    require(seconds.has_value(), "the driver tells a time");
    reference.slowest_seconds = std::max(reference.slowest_seconds, seconds->number);
    if (parts[2] == parts[1]) parts[2].clear();
    reference.calls.push_back(
        reference_call(std::move(parts[0]), std::move(parts[1]), std::move(parts[2])));
    parts.clear();
  }
  if (blocks > 0 && failure.empty()) {
    if (reference.calls.empty()) throw Error("{}: it has no inputs; give some", where);
    return reference;
  }
  if (failure.empty()) failure = python->wait().err;
  if (!started) throw SandboxShortage("{}: not run: {}", where, escaped(failure, 300));
  throw Error("{}: the suite's own solution fails: {}", where, escaped(failure, 300));
}

}  // namespace quantrial
