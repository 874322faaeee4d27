// A model's logits along given tokens (teacher forcing), some rows at a time: a text of 248,320
// words is never in memory as a whole.
#pragma once

#include <memory>
#include <span>

#include "model/model.h"

namespace quantrial {

// How Gated DeltaNet takes the rows of a text: results agree but for rounding.
enum class DeltaRows : uint8_t {
  in_chunks,   // as the engine does with a prompt
  one_by_one,  // as it does with what it generates
};

class ForcedLogits {
 public:
  // `longest`: tokens of the longest text. The model must outlive this.
  ForcedLogits(Model& model, int64_t longest, DeltaRows rows);

  void start(std::span<const int32_t> tokens);  // which must stay where they are
  // Runs the next rows of the text, at most max_batch_tokens; how many.
  int64_t forward();
  // [count, V], rows [first, first + count) of the last forward(), until the next call.
  View<const float, 2> logits(int64_t first, int64_t count);

  // The MTP head on the rows of the last forward() that a token of the text follows; how many.
  int64_t forward_drafts();
  // Likewise [count, V]; until the next call of this or of logits(). Row t of the text drafts the
  // token at t + 2.
  View<const float, 2> draft_logits(int64_t first, int64_t count);

  const Model& model() const { return model_; }

 private:
  std::span<const int64_t> rows(int64_t first, int64_t count);

  Model& model_;
  DeltaRows delta_rows_;
  std::unique_ptr<StatePool> pool_;
  std::unique_ptr<SequenceState> state_;
  std::span<const int32_t> tokens_;
  int64_t rows_run_ = 0;  // by the last forward()
  std::vector<int64_t> which_;
};

}  // namespace quantrial
