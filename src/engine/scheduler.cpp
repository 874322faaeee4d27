#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace quantrial {
namespace {

// Whether its prompt, but for the last token, is still being run and worth sharing.
bool leads(const Sequence& sequence) {
  return sequence.prompt_tokens() > min_shared_prompt_tokens &&
         sequence.computed() < sequence.prompt_tokens() - 1;
}

}  // namespace

Scheduler::Scheduler(StatePool& pool, int64_t max_running, int64_t max_batch_tokens)
    : pool_(pool), max_running_(max_running), max_batch_tokens_(max_batch_tokens) {
  require(pool.limits().max_sequences > max_running, "one slot is for a shared prompt");
  require(max_batch_tokens >= delta_chunk, "a step holds at least one chunk");
}

Sequence* Scheduler::find(RequestId id) {
  Sequence* found = nullptr;
  for_each([&](Sequence& sequence) {
    if (sequence.id == id) found = &sequence;
  });
  return found;
}

std::unique_ptr<Sequence> Scheduler::remove(const Sequence& sequence) {
  const auto take = [&](auto& from) -> std::unique_ptr<Sequence> {
    const auto place =
        std::find_if(from.begin(), from.end(), [&](const auto& s) { return s.get() == &sequence; });
    if (place == from.end()) return nullptr;
    std::unique_ptr<Sequence> taken = std::move(*place);
    from.erase(place);
    return taken;
  };
  std::unique_ptr<Sequence> taken = take(running_);
  if (!taken) taken = take(waiting_);
  require(taken != nullptr, "the sequence is not here");
  taken->state.reset();
  return taken;
}

std::span<Piece> Scheduler::plan() {
  pieces_.clear();
  planned_rows_ = 0;
  secure_pages();
  update_shared_prompt();
  while (start_first_waiting()) {
  }
  const bool catches_up =
      std::any_of(running_.begin(), running_.end(), [](const auto& s) { return s->pending() > 1; });
  int64_t decode_rows = max_batch_tokens_;
  if (catches_up && max_batch_tokens_ >= 2 * delta_chunk) {
    decode_rows -= delta_chunk;
  } else if (catches_up) {
    catch_up_turn_ = !catch_up_turn_;
    if (catch_up_turn_) decode_rows = 0;
  }
  plan_decode(decode_rows);
  plan_catch_up(max_batch_tokens_ - planned_rows_);
  require(idle() || !pieces_.empty(), "a step must run something");
  return pieces_;
}

// Makes room for the next tokens of all that decode, the oldest first.
void Scheduler::secure_pages() {
  for (size_t i = 0; i < running_.size(); ++i) {
    while (!pool_.reserve(*running_[i]->state, running_[i]->positions_for_next_step())) {
      if (shared_prompt_) {
        shared_prompt_.reset();
        continue;
      }
      require(running_.size() > 1, "submit() checked that one sequence fits");
      const size_t newest = running_.size() - 1;
      preempt(newest);
      if (newest == i) return;
    }
  }
}

void Scheduler::preempt(size_t index) {
  std::unique_ptr<Sequence> sequence = std::move(running_[index]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
  sequence->state.reset();
  ++sequence->result.preemptions;
  waiting_.push_front(std::move(sequence));
}

// Keeps the state of the prompt that the first waiting request begins with, as long as it waits.
void Scheduler::update_shared_prompt() {
  if (waiting_.empty()) {
    shared_prompt_.reset();
    return;
  }
  const PromptKey wanted = waiting_.front()->prompt_key();
  if (shared_prompt_ && shared_prompt_->key() == wanted) return;
  shared_prompt_.reset();
  for (const auto& leader : running_) {
    if (leader->prompt_tokens() <= min_shared_prompt_tokens ||
        leader->computed() != leader->prompt_tokens() - 1 || leader->prompt_key() != wanted) {
      continue;
    }
    if (leader->computed() % page_tokens != 0 && pool_.free_pages() == 0) return;
    shared_prompt_ = {.tokens = leader->request.prompt,
                      .with_mtp = wanted.with_mtp,
                      .state = pool_.fork(*leader->state)};
    return;
  }
}

bool Scheduler::waits_for_leader(const Sequence& sequence) const {
  if (shared_prompt_) return false;  // it is the front's
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
    return leads(*other) && other->prompt_key() == sequence.prompt_key();
  });
}

// Free pages that `sequence` takes when it starts, `shared` ones apart, and one for each that runs
// and may still need more, so that it is not preempted at once.
int64_t Scheduler::pages_to_start(const Sequence& sequence, int64_t shared) const {
  const auto growing = std::count_if(running_.begin(), running_.end(), [](const auto& s) {
    return std::ssize(s->state->pages()) < StatePool::pages_for(s->prompt_tokens() + s->max_tokens);
  });
  return StatePool::pages_for(sequence.positions_for_next_step()) - shared + growing;
}

// Whether there are pages for `first`; gives up the shared prompt if that makes the room.
bool Scheduler::has_pages_for(const Sequence& first) {
  if (!shared_prompt_) return pool_.free_pages() >= pages_to_start(first, 0);
  const SequenceState& shared = *shared_prompt_->state;
  if (pool_.free_pages() >= pages_to_start(first, shared.length() / page_tokens)) return true;
  if (pool_.free_pages() + pool_.unshared_pages(shared) < pages_to_start(first, 0)) return false;
  shared_prompt_.reset();
  return true;
}

bool Scheduler::start_first_waiting() {
  if (waiting_.empty() || running() == max_running_) return false;
  Sequence& first = *waiting_.front();
  if (shared_prompt_ && shared_prompt_->key() != first.prompt_key()) update_shared_prompt();
  if (waits_for_leader(first)) return false;
  if (!has_pages_for(first)) {
    if (!running_.empty()) return false;
    shared_prompt_.reset();
  }
  if (shared_prompt_) {
    first.state = pool_.fork(*shared_prompt_->state);
    first.result.shared_prompt_tokens = shared_prompt_->state->length();
  } else {
    first.state = pool_.create();
  }
  require(pool_.reserve(*first.state, first.positions_for_next_step()), "pages were counted");
  if (first.result.queue_ms == 0) {
    first.result.queue_ms = milliseconds(Clock::now() - first.submitted);
  }
  const auto place = std::find_if(running_.begin(), running_.end(),
                                  [&](const auto& s) { return s->id > first.id; });
  running_.insert(place, std::move(waiting_.front()));
  waiting_.pop_front();
  return true;
}

void Scheduler::plan_decode(int64_t row_budget) {
  const size_t count = running_.size();
  const size_t start = next_to_decode_ < count ? next_to_decode_ : 0;
  next_to_decode_ = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (start + i) % count;
    Sequence& sequence = *running_[index];
    if (sequence.pending() != 1) continue;
    const auto drafts = static_cast<int64_t>(sequence.drafts.size());
    if (planned_rows_ + 1 + drafts > row_budget) {
      next_to_decode_ = index;
      return;
    }
    add_piece({.sequence = &sequence, .rows = 1 + drafts, .drafts = drafts, .samples = true});
  }
}

// Where running the pending tokens has to pause at the latest.
int64_t Scheduler::catch_up_target(const Sequence& sequence) const {
  const bool is_followed = leads(sequence) && !waiting_.empty() &&
                           waiting_.front()->prompt_key() == sequence.prompt_key();
  if (is_followed) return sequence.prompt_tokens() - 1;  // shared from here
  // Drafts from before a preemption are verified as if it had not happened.
  return sequence.drafts.empty() ? sequence.size() : sequence.size() - 1;
}

void Scheduler::plan_catch_up(int64_t row_budget) {
  for (const auto& sequence : running_) {
    if (sequence->pending() <= 1) continue;
    const int64_t first = sequence->computed();
    const int64_t chunked_end = sequence->chunked_end();
    int64_t end = std::min(catch_up_target(*sequence), first + row_budget);
    if (end < chunked_end) end = end / delta_chunk * delta_chunk;
    if (end <= first) continue;
    add_piece({.sequence = sequence.get(),
               .rows = end - first,
               .chunked_rows = std::max<int64_t>(0, std::min(end, chunked_end) - first),
               .samples = end == sequence->size()});
    row_budget -= end - first;
  }
}

void Scheduler::add_piece(Piece piece) {
  piece.first_row = planned_rows_;
  piece.first_position = piece.sequence->computed();
  planned_rows_ += piece.rows;
  pieces_.push_back(piece);
}

}  // namespace quantrial
