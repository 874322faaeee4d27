// Byte pair encoding of one pre-token (Sennrich et al. 2016, "Neural Machine Translation of Rare
// Words with Subword Units"): starting from single bytes, the adjacent pair with the lowest merge
// rank is joined, leftmost first, until no pair is left. A heap over pairs, as in the tokenizers
// library (models/bpe/word.rs): O(n log n) for n bytes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/whole_tokens.h"

namespace quantrial {

struct BpeMerge {
  int32_t left, right;  // ids that are joined; the rank is the place in the list
  int32_t joined;
};

struct BpeOptions {
  bool ignore_merges = false;      // a pre-token that is in the vocabulary is that token
  std::optional<int32_t> unknown;  // for bytes without a token; without it they are dropped
  bool fuse_unknown = false;       // one unknown token for a run of such bytes
};

class Bpe {
 public:
  // `vocabulary`: token (in the byte-level alphabet) to id, id >= 0. Of equal pairs the last
  // counts.
  Bpe(Vocabulary vocabulary, const std::vector<BpeMerge>& merges, BpeOptions options);

  // Buffers of one encoding, kept between calls.
  struct Scratch {
    struct Symbol {
      int32_t id;
      int32_t previous, next;  // places in `symbols`; -1: none
    };
    struct Candidate {
      uint64_t rank_and_place;  // rank << 32 | place of the left symbol
      int32_t joined;
    };
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
    std::vector<int32_t> ids;
  };

  // Appends the ids of `pre_token` (raw bytes, fewer than 2^31).
  void encode(std::string_view pre_token, std::vector<int32_t>& ids, Scratch& scratch) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Slot {
    uint64_t pair = no_pair;  // left << 32 | right
    uint32_t rank = 0;
    int32_t joined = 0;
  };
  static constexpr uint64_t no_pair = ~uint64_t{0};

  bool is_its_own_encoding(int32_t whole, std::string_view bytes, Scratch& scratch) const;
  void merge(std::string_view pre_token, std::vector<int32_t>& ids, Scratch& scratch) const;
  size_t slot_of(uint64_t pair) const;
  const Slot* find(int32_t left, int32_t right) const;
  void start_symbols(std::string_view pre_token, Scratch& scratch) const;
  void push_candidate(int32_t place, Scratch& scratch) const;
  void join(const Scratch::Candidate& candidate, Scratch& scratch) const;

  enum class Known : uint8_t { nothing, merges_to_itself, merges_to_others };

  Vocabulary vocabulary_;
  WholeTokens whole_tokens_;
  // Whether the merges lead to a whole token again, found out when it is first met. The answer does
  // not depend on who asks, so that threads may race for it.
  mutable std::vector<std::atomic<Known>> known_;  // by place in whole_tokens_
  BpeOptions options_;
  std::array<int32_t, 256> id_of_byte_;  // -1: no token
  std::vector<Slot> slots_;              // open addressing; a power of two, at most half full
};

}  // namespace quantrial
