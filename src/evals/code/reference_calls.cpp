#include "evals/code/reference_calls.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "evals/code/python_value.h"

namespace quantrial {

ReferenceCalls run_reference(const Sandbox& sandbox, Sandbox::Job job, const std::string& where) {
  const auto python = sandbox.start(std::move(job));
  ReferenceCalls reference;
  std::vector<std::string> parts;  // of a call: arguments, output, alternative, seconds
  size_t blocks = 0;
  std::string failure;
  while (const auto frame = python->next()) {
    if (frame->kind == 'r') parts.push_back(frame->payload);
    if (frame->kind == 'b' && ++blocks == 1) reference.base = reference.calls.size();
    if (frame->kind != 'r' && frame->kind != 'b' && frame->kind != 's') failure = frame->payload;
    if (parts.size() < 4) continue;
    const auto seconds = parse_marshal(parts[3]);
    require(seconds.has_value(), "the driver tells a time");
    reference.slowest_seconds = std::max(reference.slowest_seconds, seconds->number);
    if (parts[2] == parts[1]) parts[2].clear();
    reference.calls.push_back({parts[0], parts[1], parts[2]});
    parts.clear();
  }
  if (blocks > 0 && failure.empty()) return reference;
  if (failure.empty()) failure = python->wait().err;
  throw Error("{}: the suite's own solution fails: {}", where, escaped(failure, 300));
}

}  // namespace quantrial
