// Decides which rows the next forward pass runs: continuous batching, chunked prefill, preemption
// and shared prompts. It may order and cut the work as it likes: no choice made here can change a
// bit of any result (sequence.h, chunked_end).
//
// Rules. Requests start in order of arrival. Sequences that decode come first in a step; prompts
// take what is left of max_batch_tokens, oldest first, at least a chunk's worth. When pages run
// out, the newest sequence gives up its state and later starts again. A request whose prompt is
// just being run by another waits for it and starts from a copy of its state.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "engine/sequence.h"

namespace quantrial {

// Prompts shorter than this are rather run again than shared: leaving out fewer rows than a small
// decoding batch has does not pay for the step that sharing adds.
inline constexpr int64_t min_shared_prompt_tokens = 16;

// Consecutive rows of one sequence in a step.
struct Piece {
  Sequence* sequence = nullptr;
  int64_t first_row = 0;       // in the step
  int64_t first_position = 0;  // in the sequence
  int64_t rows = 0;            // drafts included
  int64_t chunked_rows = 0;    // leading rows
  int64_t drafts = 0;          // trailing rows that are drafts to verify
  int64_t kept_rows = 0;       // rows whose tokens stand; known once sampled
  bool samples = false;        // ends with the sequence's last token: its next one is drawn

  int64_t logit_rows() const { return samples ? drafts + 1 : 0; }
};

// The state after a prompt but its last token, for those that begin with it.
struct SharedPrompt {
  std::vector<int32_t> tokens;
  bool with_mtp = false;
  std::unique_ptr<SequenceState> state;

  PromptKey key() const { return {tokens, with_mtp}; }
};

class Scheduler {
 public:
  // `pool` has one slot more than `max_running`, for the state of a shared prompt.
  Scheduler(StatePool& pool, int64_t max_running, int64_t max_batch_tokens);

  void add(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
  bool idle() const { return waiting_.empty() && running_.empty(); }
  int64_t running() const { return static_cast<int64_t>(running_.size()); }
  int64_t waiting() const { return static_cast<int64_t>(waiting_.size()); }
  Sequence* find(RequestId id);

  // The next step; empty only when idle. Valid until the next call.
  std::span<Piece> plan();
  // Takes a sequence out, wherever it is.
  std::unique_ptr<Sequence> remove(const Sequence& sequence);
  // Calls visit(sequence) for all.
  template <typename Visit>
  void for_each(Visit visit) {
    for (const auto& sequence : running_) visit(*sequence);
    for (const auto& sequence : waiting_) visit(*sequence);
  }

 private:
  void secure_pages();
  void preempt(size_t index);
  void update_shared_prompt();
  bool waits_for_leader(const Sequence& sequence) const;
  int64_t pages_to_start(const Sequence& sequence, int64_t shared) const;
  bool has_pages_for(const Sequence& first);
  bool start_first_waiting();
  void plan_decode(int64_t row_budget);
  void plan_catch_up(int64_t row_budget);
  int64_t catch_up_target(const Sequence& sequence) const;
  void add_piece(Piece piece);

  StatePool& pool_;
  int64_t max_running_, max_batch_tokens_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // by arrival
  std::optional<SharedPrompt> shared_prompt_;       // while waiting_.front() has this prompt
  std::vector<Piece> pieces_;
  int64_t planned_rows_ = 0;
  size_t next_to_decode_ = 0;   // in running_: where the last step ran out of rows
  bool catch_up_turn_ = false;  // with less than two chunks a step: prompts and decoding alternate
};

}  // namespace quantrial
