#include "evals/speed/draft_log.h"

#include <algorithm>
#include <map>
#include <utility>

namespace quantrial {
namespace {

ContextRange context_range(int64_t tokens) {
  const auto bound = std::upper_bound(context_bounds.begin(), context_bounds.end(), tokens);
  return static_cast<ContextRange>(bound - context_bounds.begin());
}

// What the next token belongs to, token by token.
class SegmentReader {
 public:
  SegmentReader(const ThinkingTags& tags, std::span<const int32_t> end_of_text_ids)
      : tags_(tags),
        tagged_(tags.open && tags.close),
        ends_(end_of_text_ids),
        now_(tagged_ ? DraftSegment::outside : DraftSegment::answer) {}

  DraftSegment now() const { return now_; }
  void read(int32_t token) {
    if (std::find(ends_.begin(), ends_.end(), token) != ends_.end()) now_ = DraftSegment::outside;
    if (tagged_ && token == *tags_.open) now_ = DraftSegment::thinking;
    if (tagged_ && token == *tags_.close) now_ = DraftSegment::answer;
  }
  // Without tags an end of text within the prompt ends nothing.
  void read_prompt(std::span<const int32_t> prompt) {
    if (!tagged_) return;
    for (const int32_t token : prompt) read(token);
  }

 private:
  ThinkingTags tags_;
  bool tagged_;
  std::span<const int32_t> ends_;
  DraftSegment now_;
};

}  // namespace

ThinkingTags thinking_tags(const Tokenizer& tokenizer) {
  return {.open = tokenizer.id_of("<think>"), .close = tokenizer.id_of("</think>")};
}

void DraftLog::add(const DraftRound& round) {
  rounds_.push_back(
      {round.confirmed_tokens, static_cast<int64_t>(round.drafts.size()), round.accepted});
}

std::vector<DraftGroup> DraftLog::groups(std::span<const int32_t> prompt,
                                         std::span<const int32_t> tokens, const ThinkingTags& tags,
                                         std::span<const int32_t> end_of_text_ids) const {
  SegmentReader reader(tags, end_of_text_ids);
  reader.read_prompt(prompt);
  std::map<std::pair<ContextRange, DraftSegment>, SpeculationCounters> counts;
  size_t read = 0;
  for (const Round& round : rounds_) {
    const auto generated = static_cast<size_t>(round.confirmed_tokens) - prompt.size();
    for (; read < generated; ++read) reader.read(tokens[read]);
    SpeculationCounters one{
        .drafts = 1, .drafted_tokens = round.drafted, .accepted_tokens = round.accepted};
    std::fill_n(one.accepted_by_position.begin(), round.accepted, 1);
    counts[{context_range(round.confirmed_tokens), reader.now()}] += one;
  }
  std::vector<DraftGroup> list;
  for (const auto& [place, counters] : counts) {
    list.push_back({.context = place.first, .segment = place.second, .counters = counters});
  }
  return list;
}

}  // namespace quantrial
