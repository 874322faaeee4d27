#include "evals/speed/draft_log.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace quantrial {
namespace {

std::string context_name(int64_t tokens) {
  const auto bound = std::upper_bound(context_bounds.begin(), context_bounds.end(), tokens);
  return context_ranges.at(static_cast<size_t>(bound - context_bounds.begin()));
}

// What the next token belongs to, token by token.
class SegmentReader {
 public:
  SegmentReader(const ThinkingTags& tags, std::span<const int32_t> end_of_text_ids)
      : tags_(tags),
        tagged_(tags.open && tags.close),
        ends_(end_of_text_ids),
        now_(tagged_ ? "outside" : "answer") {}

  const char* now() const { return now_; }
  void read(int32_t token) {
    if (std::find(ends_.begin(), ends_.end(), token) != ends_.end()) now_ = "outside";
    if (tagged_ && token == *tags_.open) now_ = "thinking";
    if (tagged_ && token == *tags_.close) now_ = "answer";
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
  const char* now_;
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
  std::map<std::pair<std::string, std::string>, SpeculationCounters> counts;
  size_t read = 0;
  for (const Round& round : rounds_) {
    const auto generated = static_cast<size_t>(round.confirmed_tokens) - prompt.size();
    for (; read < generated; ++read) reader.read(tokens[read]);
    SpeculationCounters one{
        .drafts = 1, .drafted_tokens = round.drafted, .accepted_tokens = round.accepted};
    std::fill_n(one.accepted_by_position.begin(), round.accepted, 1);
    counts[{context_name(round.confirmed_tokens), reader.now()}] += one;
  }
  std::vector<DraftGroup> list;
  for (const auto& [names, counters] : counts) {
    list.push_back({.context = names.first, .segment = names.second, .counters = counters});
  }
  return list;
}

}  // namespace quantrial
