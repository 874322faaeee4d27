// What a sequence leaves behind for its next token: pages of keys and values, and a slot with the
// recurrent state of every Gated DeltaNet layer. Rollback of rejected drafts lives here alone.
#pragma once

#include <memory>
#include <vector>

#include "model/config.h"
#include "ops/backend.h"

namespace quantrial {

struct StateLimits {
  int64_t max_sequences = 1;
  int64_t max_tokens = 4096;         // positions of all sequences together
  int64_t max_speculative_rows = 4;  // drafts to verify at once, plus one
};

class StatePool;

// One sequence's share of a StatePool; given back when destroyed.
class SequenceState {
 public:
  ~SequenceState();
  SequenceState(const SequenceState&) = delete;
  SequenceState& operator=(const SequenceState&) = delete;

  int64_t length() const { return length_; }  // positions that are settled
  int64_t slot() const { return slot_; }
  std::span<const int32_t> pages() const { return pages_; }

 private:
  friend class StatePool;
  SequenceState(StatePool& pool, int64_t slot) : pool_(pool), slot_(slot) {}

  StatePool& pool_;
  int64_t slot_;
  int64_t length_ = 0;
  std::vector<int32_t> pages_;
};

// Raw in_proj outputs of the rows being verified in one Gated DeltaNet layer:
// rows [slot * max_speculative_rows ...) of each view.
struct SpeculativeRows {
  View<float, 2> qkv, a, b;
};

// Memory of all sequences. Sizes are fixed at construction; the pages become resident when used.
class StatePool {
 public:
  StatePool(Backend& backend, const ModelConfig& config, const StateLimits& limits);

  // Bytes that such limits need, without allocating. Error beyond 2^63.
  static int64_t kv_bytes(const ModelConfig& config, DType kv_dtype, const StateLimits& limits);
  static int64_t recurrent_bytes(const ModelConfig& config, const StateLimits& limits);

  const StateLimits& limits() const { return limits_; }
  int64_t free_pages() const { return static_cast<int64_t>(free_pages_.size()); }
  int64_t free_slots() const { return static_cast<int64_t>(free_slots_.size()); }
  // Pages that a sequence needs for `tokens` positions.
  static int64_t pages_for(int64_t tokens) {
    return tokens / page_tokens + (tokens % page_tokens > 0 ? 1 : 0);
  }

  // An empty sequence, its recurrent state zero. Needs a free slot.
  std::unique_ptr<SequenceState> create();
  // A sequence in the same state: full pages are shared, the last one and the slot are copied.
  // Needs a free slot, and a free page unless length() is a multiple of page_tokens.
  std::unique_ptr<SequenceState> fork(const SequenceState& source);
  // Makes room for positions up to `length`; false, with nothing changed, when pages run out.
  bool reserve(SequenceState& sequence, int64_t length);
  // Of its pages those that no other sequence uses.
  int64_t unshared_pages(const SequenceState& sequence) const;
  // Counts `rows` more positions as settled (their keys, values and state were written).
  void advance(SequenceState& sequence, int64_t rows) { sequence.length_ += rows; }

  // Used by the model's layers. `attention` counts full-attention layers from 0, the MTP layers
  // after them; `linear` counts Gated DeltaNet layers.
  const KvPages& kv(int64_t attention) const { return kv_[static_cast<size_t>(attention)]; }
  View<float, 4> recurrent(int64_t linear) const { return recurrent_[static_cast<size_t>(linear)]; }
  View<float, 3> conv(int64_t linear) const { return conv_[static_cast<size_t>(linear)]; }
  const SpeculativeRows& speculative(int64_t linear) const {
    return speculative_[static_cast<size_t>(linear)];
  }

 private:
  friend class SequenceState;
  void release(SequenceState& sequence);

  Backend& backend_;
  StateLimits limits_;
  std::vector<std::unique_ptr<Memory>> memory_;
  std::vector<KvPages> kv_;
  std::vector<View<float, 4>> recurrent_;  // per layer [slots, H_v, D_k, D_v]
  std::vector<View<float, 3>> conv_;       // per layer [slots, W-1, C]
  std::vector<SpeculativeRows> speculative_;
  std::vector<int32_t> free_pages_, free_slots_;
  std::vector<int32_t> page_users_;  // sequences that share each page
};

}  // namespace quantrial
