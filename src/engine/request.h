// What is asked of the engine and what comes back.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sampler.h"
#include "text/tokenizer.h"

namespace quantrial {

using RequestId = uint64_t;

inline constexpr int64_t max_draft_tokens = 3;

// MTP drafts of one sequence, or of many added up.
struct SpeculationCounters {
  int64_t drafts = 0;  // verification rounds
  int64_t drafted_tokens = 0;
  int64_t accepted_tokens = 0;                                   // of those that were drafted
  std::array<int64_t, max_draft_tokens> accepted_by_position{};  // rounds that accepted the i-th

  SpeculationCounters& operator+=(const SpeculationCounters& other);
};

enum class FinishReason : uint8_t {
  stop,    // end-of-text id, stop id or stop string
  length,  // max_tokens
  cancelled,
};
std::string_view name(FinishReason reason);

enum class EndOfText : uint8_t { stops, is_ignored };

// New output of a request, in the step that made it.
struct Delta {
  RequestId id = 0;
  std::span<const int32_t> tokens;  // all new ids
  std::string_view text;            // what can be shown of them and of earlier ones
};

struct Result {
  RequestId id = 0;
  std::vector<int32_t> tokens;  // with the end-of-text id or what completed a stop string
  std::string text;             // without them
  FinishReason finish_reason = FinishReason::length;
  int64_t prompt_tokens = 0;
  int64_t shared_prompt_tokens = 0;  // taken over from a sequence with the same prompt
  int64_t preemptions = 0;
  double queue_ms = 0;  // from submit() to the first step that ran a row of it
  double ttft_ms = 0;   // from submit() to the first token; 0 without tokens
  double e2e_ms = 0;    // from submit() to the end
  SpeculationCounters speculation;
  std::vector<TokenLogprobs> logprobs;  // one a token, when asked for
};

// One verification of drafts, for those who study acceptance.
struct DraftRound {
  RequestId id = 0;
  int64_t confirmed_tokens = 0;  // prompt and generated tokens that the drafts follow
  std::span<const int32_t> drafts;
  int64_t accepted = 0;
};

struct Request {
  std::vector<int32_t> prompt{};
  SamplingParameters sampling{};
  std::optional<int64_t> max_tokens{};  // without: as many as the context holds
  std::vector<std::string> stop_strings{};
  std::vector<int32_t> stop_token_ids{};
  EndOfText end_of_text = EndOfText::stops;
  SpecialTokens special_tokens = SpecialTokens::skip;  // in the text
  int64_t draft_tokens = 0;                            // 0 to max_draft_tokens, by the MTP head

  // Called from Engine::step(); may submit() and cancel(), must not step().
  std::function<void(const Delta&)> on_delta{};
  std::function<void(const DraftRound&)> on_draft_round{};
  std::function<void(const Result&)> on_finish{};  // without it the result waits for take_result()
};

}  // namespace quantrial
