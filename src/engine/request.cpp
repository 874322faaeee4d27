#include "engine/request.h"

#include "base/error.h"

namespace quantrial {

SpeculationCounters& SpeculationCounters::operator+=(const SpeculationCounters& other) {
  drafts += other.drafts;
  drafted_tokens += other.drafted_tokens;
  accepted_tokens += other.accepted_tokens;
  for (size_t i = 0; i < accepted_by_position.size(); ++i) {
    accepted_by_position[i] += other.accepted_by_position[i];
  }
  return *this;
}

std::string_view name(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
  }
  require(false, "unknown finish reason");
  return {};
}

}  // namespace quantrial
