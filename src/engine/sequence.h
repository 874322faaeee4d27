// One request on its way through the engine.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/request.h"
#include "engine/text_output.h"
#include "engine/token_counts.h"
#include "model/state.h"

namespace quantrial {

using Clock = std::chrono::steady_clock;

inline double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Sequences with equal keys have the same state after the prompt but its last token; without MTP
// its keys and values are missing.
struct PromptKey {
  std::span<const int32_t> tokens;
  bool with_mtp = false;

  friend bool operator==(const PromptKey& a, const PromptKey& b) {
    return a.with_mtp == b.with_mtp && std::ranges::equal(a.tokens, b.tokens);
  }
};

// Tokens [0, computed()) have been run through the model; the others are pending. A sequence that
// decodes has one pending token, the last one drawn. `state` may be dropped at any time between
// steps (preemption): running the pending tokens again gives the same bits.
struct Sequence {
  Sequence(RequestId id_, Request request_, const Tokenizer* tokenizer);

  RequestId id = 0;
  Request request;
  int64_t max_tokens = 0;                // of the request, or what the context leaves
  std::vector<int32_t> tokens;           // prompt, then generated
  std::vector<int32_t> drafts;           // proposed to follow tokens.back(), not yet verified
  std::unique_ptr<SequenceState> state;  // null while it waits
  std::optional<TokenCounts> counts;     // with penalties
  TextOutput text;
  std::string new_text;  // of this step
  Result result;
  std::optional<FinishReason> finished;
  Clock::time_point submitted = Clock::now();
  bool cancel_requested = false;

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  int64_t prompt_tokens() const { return static_cast<int64_t>(request.prompt.size()); }
  int64_t generated() const { return size() - prompt_tokens(); }
  int64_t remaining() const { return max_tokens - generated(); }
  int64_t computed() const { return state ? state->length() : 0; }
  int64_t pending() const { return size() - computed(); }

  // Below this position tokens run in chunks, from it on one by one, whenever they run. The last
  // prompt token is always among the latter, so that sequences with the same prompt can share
  // everything before it.
  int64_t chunked_end() const { return (prompt_tokens() - 1) / delta_chunk * delta_chunk; }
  // Positions that the next step may write: verified drafts and then the chain of new ones.
  int64_t positions_for_next_step() const {
    return std::min(size() + 2 * request.draft_tokens, prompt_tokens() + max_tokens);
  }
  PromptKey prompt_key() const { return {request.prompt, request.draft_tokens > 0}; }

  // Appends a drawn token; decides whether the sequence ends with it.
  void append(SampledToken token, std::span<const int32_t> end_of_text_ids);
};

}  // namespace quantrial
