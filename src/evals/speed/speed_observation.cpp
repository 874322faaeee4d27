#include "evals/speed/speed_observation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

ordered_json counters_json(const SpeculationCounters& c) {
  return {{"drafts", c.drafts},
          {"drafted_tokens", c.drafted_tokens},
          {"accepted_tokens", c.accepted_tokens},
          {"accepted_by_position", c.accepted_by_position}};
}

SpeculationCounters counters_of(const ordered_json& json) {
  return {.drafts = json.at("drafts"),
          .drafted_tokens = json.at("drafted_tokens"),
          .accepted_tokens = json.at("accepted_tokens"),
          .accepted_by_position = json.at("accepted_by_position")};
}

template <size_t N, typename Enum>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  return names.at(static_cast<size_t>(value));
}

template <typename Enum, size_t N>
Enum named(const std::array<std::string_view, N>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error("stored speed observation: '{}'; it should be one of {}; measure the speed again",
                escaped(name), fmt::join(names, ", "));
  }
  return static_cast<Enum>(found - names.begin());
}

ordered_json request_json(const TimedRequest& request) {
  ordered_json drafts = ordered_json::array();
  for (const DraftGroup& group : request.drafts) {
    ordered_json json = {{"context", name_of(context_range_names, group.context)},
                         {"segment", name_of(draft_segment_names, group.segment)}};
    json.update(counters_json(group.counters));
    drafts.push_back(std::move(json));
  }
  return {{"ttft_ms", request.ttft_ms},
          {"e2e_ms", request.e2e_ms},
          {"tokens", request.tokens},
          {"shared_prompt_tokens", request.shared_prompt_tokens},
          {"drafts", drafts}};
}

TimedRequest request_of(const ordered_json& json) {
  TimedRequest request{.ttft_ms = json.at("ttft_ms"),
                       .e2e_ms = json.at("e2e_ms"),
                       .tokens = json.at("tokens"),
                       .shared_prompt_tokens = json.at("shared_prompt_tokens")};
  for (const ordered_json& group : json.at("drafts")) {
    request.drafts.push_back(
        {.context = named<ContextRange>(context_range_names, group.at("context")),
         .segment = named<DraftSegment>(draft_segment_names, group.at("segment")),
         .counters = counters_of(group)});
  }
  return request;
}

ordered_json phase_json(const TimedPhase& phase) {
  return {{"seconds", phase.seconds}, {"tokens", phase.tokens}, {"steps", phase.steps}};
}

TimedPhase phase_of(const ordered_json& json) {
  return {.seconds = json.at("seconds"), .tokens = json.at("tokens"), .steps = json.at("steps")};
}

}  // namespace

SpeculationCounters TimedRequest::speculation() const {
  SpeculationCounters sum;
  for (const DraftGroup& group : drafts) sum += group.counters;
  return sum;
}

SpeculationCounters SpeedObservation::speculation() const {
  SpeculationCounters sum;
  for (const TimedRequest& request : requests) sum += request.speculation();
  return sum;
}

ordered_json to_json(const SpeedObservation& o) {
  ordered_json requests = ordered_json::array();
  for (const TimedRequest& request : o.requests) requests.push_back(request_json(request));
  return {{"concurrency", o.cell.concurrency},
          {"prompt_tokens", o.cell.prompt_tokens},
          {"draft_tokens", o.cell.draft_tokens},
          {"output_tokens", o.output_tokens},
          {"round", o.round},
          {"requests", requests},
          {"prefill", phase_json(o.prefill)},
          {"decode", phase_json(o.decode)}};
}

SpeedObservation speed_observation(const ordered_json& json) {
  try {
    SpeedObservation o{.cell = {.concurrency = json.at("concurrency"),
                                .prompt_tokens = json.at("prompt_tokens"),
                                .draft_tokens = json.at("draft_tokens")},
                       .output_tokens = json.at("output_tokens"),
                       .round = json.at("round"),
                       .prefill = phase_of(json.at("prefill")),
                       .decode = phase_of(json.at("decode"))};
    for (const ordered_json& request : json.at("requests")) {
      o.requests.push_back(request_of(request));
    }
    return o;
  } catch (const nlohmann::json::exception& error) {
    throw Error("stored speed observation: {}; measure the speed again", error.what());
  }
}

}  // namespace quantrial
