#include "text/bpe.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"
#include "text/byte_level.h"

namespace quantrial {
namespace {

constexpr int32_t joined_away = -2;  // id of a symbol that its left neighbour has swallowed

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

bool comes_later(const Bpe::Scratch::Candidate& a, const Bpe::Scratch::Candidate& b) {
  return a.rank_and_place > b.rank_and_place;
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, const std::vector<BpeMerge>& merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      whole_tokens_(vocabulary_),
      known_(whole_tokens_.size()),
      options_(options) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary_.find(byte_level_character(static_cast<uint8_t>(byte)));
    id_of_byte_[static_cast<size_t>(byte)] = found == vocabulary_.end() ? -1 : found->second;
  }
  slots_.resize(std::bit_ceil(2 * merges.size() + 2));
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right, joined] = merges[rank];
    const uint64_t pair = pair_of(left, right);
    slots_[slot_of(pair)] = {pair, static_cast<uint32_t>(rank), joined};
  }
}

// The slot that holds `pair`, or the free one where it belongs.
size_t Bpe::slot_of(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  // Fibonacci hashing: 2^64 / golden ratio (Knuth, TAOCP 3, 6.4).
  size_t at = static_cast<size_t>((pair ^ pair >> 32) * 0x9E3779B97F4A7C15 >> 20) & mask;
  while (slots_[at].pair != pair && slots_[at].pair != no_pair) at = (at + 1) & mask;
  return at;
}

const Bpe::Slot* Bpe::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(pair_of(left, right))];
  return slot.pair == no_pair ? nullptr : &slot;
}

void Bpe::start_symbols(std::string_view pre_token, Scratch& scratch) const {
  auto& symbols = scratch.symbols;
  symbols.clear();
  bool after_unknown = false;
  for (const char c : pre_token) {
    int32_t id = id_of_byte_[static_cast<unsigned char>(c)];
    const bool unknown = id < 0;
    if (unknown) {
      if (!options_.unknown || (after_unknown && options_.fuse_unknown)) continue;
      id = *options_.unknown;
    }
    after_unknown = unknown;
    const auto place = static_cast<int32_t>(symbols.size());
    symbols.push_back({id, place - 1, place + 1});
  }
  if (!symbols.empty()) symbols.back().next = -1;
}

// Enters the pair of the symbol at `place` and its right neighbour, when there is a merge for it.
void Bpe::push_candidate(int32_t place, Scratch& scratch) const {
  const auto& left = scratch.symbols[static_cast<size_t>(place)];
  if (left.next < 0) return;
  if (const Slot* slot = find(left.id, scratch.symbols[static_cast<size_t>(left.next)].id)) {
    scratch.heap.push_back(
        {uint64_t{slot->rank} << 32 | static_cast<uint32_t>(place), slot->joined});
    std::ranges::push_heap(scratch.heap, comes_later);
  }
}

void Bpe::join(const Scratch::Candidate& candidate, Scratch& scratch) const {
  auto& symbols = scratch.symbols;
  const auto place = static_cast<int32_t>(candidate.rank_and_place & 0xFFFFFFFF);
  auto& left = symbols[static_cast<size_t>(place)];
  if (left.id == joined_away || left.next < 0) return;
  auto& right = symbols[static_cast<size_t>(left.next)];
  const Slot* slot = find(left.id, right.id);
  if (slot == nullptr || slot->joined != candidate.joined) return;  // the pair is no longer there
  left.id = candidate.joined;
  left.next = right.next;
  right.id = joined_away;
  if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = place;
  if (left.previous >= 0) push_candidate(left.previous, scratch);
  push_candidate(place, scratch);
}

void Bpe::merge(std::string_view pre_token, std::vector<int32_t>& ids, Scratch& scratch) const {
  start_symbols(pre_token, scratch);
  scratch.heap.clear();
  for (size_t place = 0; place + 1 < scratch.symbols.size(); ++place) {
    push_candidate(static_cast<int32_t>(place), scratch);
  }
  while (!scratch.heap.empty()) {
    std::ranges::pop_heap(scratch.heap, comes_later);
    const auto candidate = scratch.heap.back();
    scratch.heap.pop_back();
    join(candidate, scratch);
  }
  for (const auto& symbol : scratch.symbols) {
    if (symbol.id != joined_away) ids.push_back(symbol.id);
  }
}

// Whether merging `bytes` ends in the token that stands for all of them.
bool Bpe::is_its_own_encoding(int32_t whole, std::string_view bytes, Scratch& scratch) const {
  auto& known = known_[static_cast<size_t>(whole)];
  if (known.load(std::memory_order_relaxed) == Known::nothing) {
    scratch.ids.clear();
    merge(bytes, scratch.ids, scratch);
    const bool itself = scratch.ids.size() == 1 && scratch.ids[0] == whole_tokens_.id(whole);
    known.store(itself ? Known::merges_to_itself : Known::merges_to_others,
                std::memory_order_relaxed);
  }
  return known.load(std::memory_order_relaxed) == Known::merges_to_itself;
}

void Bpe::encode(std::string_view pre_token, std::vector<int32_t>& ids, Scratch& scratch) const {
  require(pre_token.size() < size_t{1} << 31, "Bpe::encode: pre-token of 2^31 bytes or more");
  const int32_t whole = whole_tokens_.find(pre_token);
  if (whole >= 0 && (options_.ignore_merges || is_its_own_encoding(whole, pre_token, scratch))) {
    ids.push_back(whole_tokens_.id(whole));
  } else {
    merge(pre_token, ids, scratch);
  }
}

}  // namespace quantrial
