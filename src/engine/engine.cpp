#include "engine/engine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "engine/logit_rows.h"

namespace quantrial {
namespace {

const EngineOptions& checked(const EngineOptions& options, const Model& model) {
  require(options.max_sequences > 0 && options.max_tokens > 0, "an engine holds something");
  if (options.max_draft_tokens < 0 || options.max_draft_tokens > max_draft_tokens) {
    throw Error("draft tokens: {} is outside 0 to {}", options.max_draft_tokens, max_draft_tokens);
  }
  if (options.max_draft_tokens > 0 && !model.has_mtp()) {
    throw Error(
        "draft tokens: {} asked for, but the checkpoint has no mtp.* tensors; use "
        "0 or a checkpoint with its MTP head",
        options.max_draft_tokens);
  }
  return options;
}

}  // namespace

StateLimits state_limits(const EngineOptions& options) {
  return {.max_sequences = options.max_sequences + 1,  // one for a shared prompt
          .max_tokens = options.max_tokens,
          .max_speculative_rows = options.max_draft_tokens + 1};
}

Engine::Engine(Model& model, const Tokenizer* tokenizer, const EngineOptions& options)
    : model_(model),
      tokenizer_(tokenizer),
      options_(checked(options, model)),
      pool_(model.make_state_pool(state_limits(options))),
      context_tokens_(
          std::min({model.config().max_position_embeddings, pool_->free_pages() * page_tokens,
                    options.context_tokens.value_or(std::numeric_limits<int64_t>::max())})),
      end_of_text_ids_(model.config().eos_token_ids),
      scheduler_(*pool_, options.max_sequences, model.options().max_batch_tokens),
      drafter_(model, sampler_) {
  if (tokenizer_ != nullptr && tokenizer_->eos_id()) {
    end_of_text_ids_.push_back(*tokenizer_->eos_id());
  }
}

void Engine::check(const Request& request) const {
  if (request.prompt.empty()) throw Error("prompt: no tokens; give at least one");
  const int64_t vocab_size = model_.config().vocab_size;
  for (size_t i = 0; i < request.prompt.size(); ++i) {
    if (request.prompt[i] < 0 || request.prompt[i] >= vocab_size) {
      throw Error(
          "prompt token {}: id {} is outside the vocabulary of {}; does the tokenizer "
          "belong to the model?",
          i, request.prompt[i], vocab_size);
    }
  }
  validate(request.sampling);
  if (request.draft_tokens < 0 || request.draft_tokens > options_.max_draft_tokens) {
    throw Error("draft tokens: {} is outside 0 to {}, what the engine was set up for",
                request.draft_tokens, options_.max_draft_tokens);
  }
  if (!request.stop_strings.empty() && tokenizer_ == nullptr) {
    throw Error("stop strings: there is no tokenizer; use stop token ids");
  }
  const auto prompt_tokens = static_cast<int64_t>(request.prompt.size());
  const int64_t max_tokens = request.max_tokens.value_or(1);
  if (max_tokens < 1) throw Error("max_tokens: {} is less than 1", max_tokens);
  if (max_tokens > context_tokens_ || prompt_tokens + max_tokens > context_tokens_) {
    throw Error(
        "request: {} prompt tokens and {} to generate exceed the context of {} tokens "
        "(model: {}); shorten them or raise the context",
        prompt_tokens, max_tokens, context_tokens_, model_.config().max_position_embeddings);
  }
}

RequestId Engine::submit(Request request) {
  check(request);
  const RequestId id = next_id_++;
  auto sequence = std::make_unique<Sequence>(id, std::move(request), tokenizer_);
  sequence->max_tokens = sequence->request.max_tokens.value_or(context_tokens_ - sequence->size());
  scheduler_.add(std::move(sequence));
  return id;
}

bool Engine::cancel(RequestId id) {
  Sequence* sequence = scheduler_.find(id);
  if (sequence == nullptr || sequence->finished) return false;
  sequence->cancel_requested = true;
  return true;
}

std::optional<Result> Engine::take_result(RequestId id) {
  const auto place = results_.find(id);
  if (place == results_.end()) return std::nullopt;
  Result result = std::move(place->second);
  results_.erase(place);
  return result;
}

bool Engine::step() {
  finish_cancelled();
  if (scheduler_.idle()) return false;
  const auto start = Clock::now();
  const std::span<Piece> pieces = scheduler_.plan();
  const auto planned = Clock::now();
  forward(pieces);
  sample(pieces);
  settle(pieces);
  if (options_.max_draft_tokens > 0) drafter_.draft(*pool_, pieces);
  const auto computed = Clock::now();
  deliver(pieces);
  const auto end = Clock::now();
  ++counters_.steps;
  counters_.step_ms += milliseconds(end - start);
  counters_.scheduling_ms += milliseconds((planned - start) + (end - computed));
  return !scheduler_.idle();
}

void Engine::finish_cancelled() {
  std::vector<Sequence*> cancelled;
  scheduler_.for_each([&](Sequence& sequence) {
    if (sequence.cancel_requested) cancelled.push_back(&sequence);
  });
  for (Sequence* sequence : cancelled) {
    sequence->new_text = sequence->text.finish();
    sequence->result.text += sequence->new_text;
    sequence->finished = FinishReason::cancelled;
    finish(*sequence);
  }
}

void Engine::forward(std::span<Piece> pieces) {
  inputs_.clear();
  speculative_.clear();
  verified_tokens_.clear();
  verified_tokens_.reserve(pieces.size() * (max_draft_tokens + 1));  // inputs refer to it
  for (Piece& piece : pieces) {
    Sequence& sequence = *piece.sequence;
    std::span<const int32_t> tokens(sequence.tokens);
    tokens = tokens.subspan(static_cast<size_t>(piece.first_position),
                            static_cast<size_t>(piece.rows - piece.drafts));
    if (piece.drafts > 0) {
      const size_t first = verified_tokens_.size();
      verified_tokens_.push_back(sequence.tokens.back());
      verified_tokens_.insert(verified_tokens_.end(), sequence.drafts.begin(),
                              sequence.drafts.end());
      tokens = std::span<const int32_t>(verified_tokens_).subspan(first);
    }
    inputs_.push_back({.state = sequence.state.get(),
                       .tokens = tokens,
                       .chunked_tokens = piece.chunked_rows,
                       .speculative = piece.drafts > 0});
    if (piece.drafts > 0) speculative_.push_back(inputs_.back());
    piece.kept_rows = piece.rows - piece.drafts;
    counters_.rows += piece.rows;
    if (piece.rows - piece.drafts > 1 || sequence.generated() == 0) {
      counters_.prompt_rows += piece.rows;
    }
  }
  model_.forward(*pool_, inputs_);
}

void Engine::sample(std::span<Piece> pieces) {
  const int64_t batch_rows = max_logit_rows(model_.config().vocab_size);
  size_t first = 0;
  while (first < pieces.size()) {
    rows_.clear();
    size_t end = first;
    for (; end < pieces.size(); ++end) {
      const Piece& piece = pieces[end];
      if (static_cast<int64_t>(rows_.size()) + piece.logit_rows() > batch_rows) break;
      for (int64_t i = piece.logit_rows(); i > 0; --i) {
        rows_.push_back(piece.first_row + piece.rows - i);
      }
    }
    View<const float, 2> logits;
    if (!rows_.empty()) logits = model_.logits(rows_);
    int64_t row = 0;
    for (; first < end; ++first) {
      Piece& piece = pieces[first];
      if (!piece.samples) continue;
      verify(sampler_, logits.rows(row, piece.logit_rows()), end_of_text_ids_, piece);
      row += piece.logit_rows();
    }
  }
}

void Engine::settle(std::span<const Piece> pieces) {
  if (speculative_.empty()) return;
  keep_.clear();
  for (const Piece& piece : pieces) {
    if (piece.drafts > 0) keep_.push_back(piece.kept_rows);
  }
  model_.settle(*pool_, speculative_, keep_);
}

void Engine::deliver(std::span<const Piece> pieces) {
  for (const Piece& piece : pieces) {
    if (!piece.samples) continue;
    Sequence& sequence = *piece.sequence;
    const int64_t size_before = piece.first_position + piece.rows - piece.drafts;
    const auto drawn = static_cast<size_t>(sequence.size() - size_before);
    counters_.generated_tokens += static_cast<int64_t>(drawn);
    sequence.result.text += sequence.new_text;
    if (sequence.request.on_delta) {
      sequence.request.on_delta({.id = sequence.id,
                                 .tokens = std::span<const int32_t>(sequence.tokens).last(drawn),
                                 .text = sequence.new_text});
    }
    sequence.new_text.clear();
    if (sequence.finished) finish(sequence);
  }
}

void Engine::finish(Sequence& sequence) {
  const std::unique_ptr<Sequence> owned = scheduler_.remove(sequence);
  Result& result = owned->result;
  result.tokens.assign(owned->tokens.begin() + owned->prompt_tokens(), owned->tokens.end());
  result.finish_reason = *owned->finished;
  result.e2e_ms = milliseconds(Clock::now() - owned->submitted);
  counters_.preemptions += result.preemptions;
  if (owned->request.on_finish) {
    owned->request.on_finish(result);
  } else {
    results_.emplace(owned->id, std::move(result));
  }
}

std::vector<Result> generate(Engine& engine, std::vector<Request> requests) {
  std::vector<RequestId> ids;
  for (Request& request : requests) ids.push_back(engine.submit(std::move(request)));
  engine.run();
  std::vector<Result> results;
  for (const RequestId id : ids) {
    std::optional<Result> result = engine.take_result(id);
    require(result.has_value(), "generate: every request finished and has no on_finish");
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace quantrial
