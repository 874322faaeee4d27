#include "engine/speculative.h"

#include <algorithm>

#include "base/error.h"
#include "engine/logit_rows.h"

namespace quantrial {

void verify(Sampler& sampler, View<const float, 2> logits, std::span<const int32_t> end_of_text_ids,
            Piece& piece) {
  Sequence& sequence = *piece.sequence;
  const int64_t confirmed = sequence.size();
  int64_t accepted = 0;
  for (int64_t row = 0; row <= piece.drafts; ++row) {
    SampledToken token = sampler.sample(logits[row].span(), sequence.request.sampling,
                                        static_cast<uint64_t>(sequence.generated()),
                                        sequence.counts ? &*sequence.counts : nullptr);
    const bool is_draft =
        row < piece.drafts && token.id == sequence.drafts[static_cast<size_t>(row)];
    accepted += is_draft ? 1 : 0;
    sequence.append(std::move(token), end_of_text_ids);
    if (!is_draft || sequence.finished) break;
  }
  piece.kept_rows = piece.rows - piece.drafts + std::min(accepted, piece.drafts);
  if (piece.drafts == 0) return;
  if (sequence.request.on_draft_round) {
    sequence.request.on_draft_round({.id = sequence.id,
                                     .confirmed_tokens = confirmed,
                                     .drafts = sequence.drafts,
                                     .accepted = accepted});
  }
  SpeculationCounters& counters = sequence.result.speculation;
  ++counters.drafts;
  counters.drafted_tokens += piece.drafts;
  counters.accepted_tokens += accepted;
  for (size_t i = 0; i < static_cast<size_t>(accepted); ++i) ++counters.accepted_by_position[i];
}

void Drafter::draft(StatePool& pool, std::span<const Piece> pieces) {
  run_step_rows(pool, pieces);
  if (inputs_.empty()) return;
  while (!drafts_.empty()) {
    draw();
    std::erase_if(drafts_, [](const Draft& d) {
      return static_cast<int64_t>(d.sequence->drafts.size()) == d.tokens;
    });
    if (!drafts_.empty()) run_drafts(pool);
  }
  for (const Piece& piece : pieces) {  // drafts counted as output while they were being made
    Sequence& sequence = *piece.sequence;
    if (!sequence.counts || !piece.samples || sequence.finished) continue;
    for (const int32_t id : sequence.drafts) sequence.counts->remove_output(id);
  }
}

// The step's own rows, each with the token that followed: their keys and values stay, and the last
// row predicts the first draft.
void Drafter::run_step_rows(StatePool& pool, std::span<const Piece> pieces) {
  inputs_.clear();
  drafts_.clear();
  int64_t rows = 0;
  for (const Piece& piece : pieces) {
    Sequence& sequence = *piece.sequence;
    if (piece.samples) sequence.drafts.clear();
    if (sequence.request.draft_tokens == 0 || sequence.finished) continue;
    const auto next = std::span<const int32_t>(sequence.tokens)
                          .subspan(static_cast<size_t>(piece.first_position) + 1,
                                   static_cast<size_t>(piece.kept_rows));
    inputs_.push_back({.state = sequence.state.get(),
                       .first_hidden_row = piece.first_row,
                       .first_position = piece.first_position,
                       .next_tokens = next});
    rows += piece.kept_rows;
    // The last token of all needs no draft: the step that yields it draws it anyway.
    const int64_t tokens = std::min(sequence.request.draft_tokens, sequence.remaining() - 1);
    if (!piece.samples || tokens <= 0) continue;
    sequence.drafts.reserve(max_draft_tokens);  // inputs refer to its elements
    drafts_.push_back({.sequence = &sequence,
                       .tokens = tokens,
                       .row = rows - 1,
                       .position = piece.first_position + piece.kept_rows - 1});
  }
  if (!inputs_.empty()) model_.mtp_forward(pool, inputs_, MtpSource::model);
}

// One more draft for each sequence from the logits of its row.
void Drafter::draw() {
  const auto batch_rows = static_cast<size_t>(max_logit_rows(model_.config().vocab_size));
  for (size_t first = 0; first < drafts_.size(); first += batch_rows) {
    const size_t end = std::min(drafts_.size(), first + batch_rows);
    rows_.clear();
    for (size_t i = first; i < end; ++i) rows_.push_back(drafts_[i].row);
    const View<const float, 2> logits = model_.mtp_logits(rows_);
    for (size_t i = first; i < end; ++i) {
      Sequence& sequence = *drafts_[i].sequence;
      SamplingParameters parameters = sequence.request.sampling;
      parameters.top_logprobs.reset();
      const size_t index = static_cast<size_t>(sequence.generated()) + sequence.drafts.size();
      const int32_t id = sampler_
                             .sample(logits[static_cast<int64_t>(i - first)].span(), parameters,
                                     index, sequence.counts ? &*sequence.counts : nullptr)
                             .id;
      if (sequence.counts) sequence.counts->add_output(id);
      sequence.drafts.push_back(id);
    }
  }
}

// The head once more on its own hidden states and last drafts. What it writes at these positions is
// overwritten by run_step_rows() once they are settled.
void Drafter::run_drafts(StatePool& pool) {
  inputs_.clear();
  for (size_t i = 0; i < drafts_.size(); ++i) {
    Draft& draft = drafts_[i];
    inputs_.push_back({.state = draft.sequence->state.get(),
                       .first_hidden_row = draft.row,
                       .first_position = ++draft.position,
                       .next_tokens = std::span<const int32_t>(draft.sequence->drafts).last(1)});
    draft.row = static_cast<int64_t>(i);
  }
  model_.mtp_forward(pool, inputs_, MtpSource::mtp);
}

}  // namespace quantrial
