#include "evals/fidelity/forced_logits.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial {

ForcedLogits::ForcedLogits(Model& model, int64_t longest, DeltaRows rows)
    : model_(model),
      delta_rows_(rows),
      pool_(model.make_state_pool({.max_tokens = longest, .max_speculative_rows = 1})) {}

void ForcedLogits::start(std::span<const int32_t> tokens) {
  state_.reset();  // gives its slot and pages back
  state_ = pool_->create();
  tokens_ = tokens;
  require(pool_->reserve(*state_, static_cast<int64_t>(tokens.size())),
          "the pool holds the longest text");
}

int64_t ForcedLogits::forward() {
  const auto T = static_cast<int64_t>(tokens_.size());
  const int64_t first = state_->length();
  const int64_t count = std::min(T - first, model_.options().max_batch_tokens);
  rows_run_ = count;
  if (count == 0) return 0;
  // The engine takes the last token of a prompt, and what is left of its chunk, one by one.
  const int64_t chunked_end =
      delta_rows_ == DeltaRows::in_chunks ? (T - 1) / delta_chunk * delta_chunk : 0;
  const SequenceInput input{
      .state = state_.get(),
      .tokens = tokens_.subspan(static_cast<size_t>(first), static_cast<size_t>(count)),
      .chunked_tokens = std::max<int64_t>(0, std::min(first + count, chunked_end) - first)};
  model_.forward(*pool_, {&input, 1});
  return count;
}

View<const float, 2> ForcedLogits::logits(int64_t first, int64_t count) {
  return model_.logits(rows(first, count));
}

int64_t ForcedLogits::forward_drafts() {
  const auto T = static_cast<int64_t>(tokens_.size());
  const int64_t first = state_->length() - rows_run_;
  const int64_t count = std::min(rows_run_, T - 1 - first);
  if (count <= 0) return 0;
  const MtpInput input{
      .state = state_.get(),
      .first_position = first,
      .next_tokens = tokens_.subspan(static_cast<size_t>(first) + 1, static_cast<size_t>(count))};
  model_.mtp_forward(*pool_, {&input, 1}, MtpSource::model);
  return count;
}

View<const float, 2> ForcedLogits::draft_logits(int64_t first, int64_t count) {
  return model_.mtp_logits(rows(first, count));
}

std::span<const int64_t> ForcedLogits::rows(int64_t first, int64_t count) {
  which_.clear();
  for (int64_t row = first; row < first + count; ++row) which_.push_back(row);
  return which_;
}

}  // namespace quantrial
