// Speculative decoding with the MTP head (model.md section 2, "MTP"), exact for any sampling
// settings. Every token is drawn from the main model's distribution with its own random number, as
// without drafts; a draft only decides whether the row that yields the next distribution has been
// computed already. So the text with 0-3 drafts is the same, bit for bit. (Leviathan et al. 2023,
// arXiv 2211.17192, keep the distribution; they do not keep the sample.)
//
// Drafts are drawn from the MTP head's distribution by the same sampler with the same noise as the
// token they predict. By Gumbel-max a draft then equals the token with probability at least
// (1 - D) / (1 + D), D the total variation distance of both distributions (Daliri et al. 2024,
// arXiv 2408.07978), where the head's argmax would hit only as often as the model draws it: 50 %
// against 33 % in the example of speculative_test.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sampler.h"
#include "engine/scheduler.h"
#include "model/model.h"

namespace quantrial {

// Draws the tokens of a piece that samples: one after the last token, and one more for each draft
// that turns out right. logits[drafts + 1, V] of its last rows. Sets kept_rows.
void verify(Sampler& sampler, View<const float, 2> logits, std::span<const int32_t> end_of_text_ids,
            Piece& piece);

// Proposes drafts after each step and keeps the MTP head's keys and values up to date.
class Drafter {
 public:
  Drafter(Model& model, Sampler& sampler) : model_(model), sampler_(sampler) {}

  // After forward(), verify() and settle() of `pieces`. Fills Sequence::drafts of those that
  // sampled and go on.
  void draft(StatePool& pool, std::span<const Piece> pieces);

 private:
  // A sequence that gets drafts. `row` is that of its newest hidden state in mtp_hidden().
  struct Draft {
    Sequence* sequence = nullptr;
    int64_t tokens = 0;  // to draft
    int64_t row = 0;
    int64_t position = 0;  // of that row
  };
  void run_step_rows(StatePool& pool, std::span<const Piece> pieces);
  void draw();
  void run_drafts(StatePool& pool);

  Model& model_;
  Sampler& sampler_;
  std::vector<Draft> drafts_;  // scratch, as are the following
  std::vector<MtpInput> inputs_;
  std::vector<int64_t> rows_;
};

}  // namespace quantrial
