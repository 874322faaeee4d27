// Draft rounds of a request as they happen, and what part of the text each belongs to.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "evals/speed/speed_observation.h"

namespace quantrial {

// Tokens that open and close a model's thinking; without them all is answer.
struct ThinkingTags {
  std::optional<int32_t> open{}, close{};
};
ThinkingTags thinking_tags(const Tokenizer& tokenizer);

class DraftLog {
 public:
  void add(const DraftRound& round);
  // Of a request that generated `tokens` after `prompt`. `end_of_text_ids` end a reply.
  std::vector<DraftGroup> groups(std::span<const int32_t> prompt, std::span<const int32_t> tokens,
                                 const ThinkingTags& tags,
                                 std::span<const int32_t> end_of_text_ids) const;

 private:
  struct Round {
    int64_t confirmed_tokens = 0, drafted = 0, accepted = 0;
  };
  std::vector<Round> rounds_;
};

}  // namespace quantrial
