#include "model/qwen3_5.h"

#include <algorithm>

namespace quantrial {
namespace {

std::vector<Block> load_blocks(WeightLoader& loader, const ModelConfig& config) {
  std::vector<Block> blocks;
  int64_t attention_layer = 0, linear_layer = 0;
  for (size_t i = 0; i < config.layer_types.size(); ++i) {
    const MixerKind kind = config.layer_types[i];
    int64_t& layer = kind == MixerKind::full_attention ? attention_layer : linear_layer;
    blocks.emplace_back(loader, config, fmt::format("{}layers.{}.", loader.prefix(), i), kind,
                        layer++);
  }
  return blocks;
}

bool wants_mtp(const WeightLoader& loader, const ModelConfig& config) {
  return config.mtp_num_hidden_layers == 1 && loader.has("mtp.fc");
}

}  // namespace

Qwen3_5::Qwen3_5(const ModelConfig& config, std::unique_ptr<Checkpoint> checkpoint,
                 Backend& backend, const ModelOptions& options)
    : Qwen3_5(config, WeightLoader(*checkpoint, backend, options.nvfp4_global_scale), backend,
              options) {
  checkpoint_ = std::move(checkpoint);
}

Qwen3_5::Qwen3_5(const ModelConfig& config, WeightLoader loader, Backend& backend,
                 const ModelOptions& options)
    : config_(config),
      backend_(backend),
      options_(options),
      embed_tokens_(
          loader.linear({loader.prefix() + "embed_tokens", config.vocab_size, config.hidden_size})),
      blocks_(load_blocks(loader, config)),
      norm_(loader.vector(loader.prefix() + "norm.weight", {config.hidden_size})),
      workspace_(backend, workspace_floats(config, options.max_batch_tokens)) {
  require(options.max_batch_tokens > 0 && options.max_batch_tokens % delta_chunk == 0,
          "max_batch_tokens must be a multiple of delta_chunk");
  const int64_t T = options.max_batch_tokens, H = config.hidden_size, V = config.vocab_size;
  lm_head_ = load_head(loader);
  const int64_t before_mtp = loader.loaded_bytes();
  if (wants_mtp(loader, config)) {
    const auto attention_layers =
        std::count(config.layer_types.begin(), config.layer_types.end(), MixerKind::full_attention);
    mtp_.emplace(loader, config, attention_layers);
  }
  const auto matrix = [&](std::unique_ptr<Memory>& memory, int64_t columns) {
    memory = backend.allocate(T * columns * 4);
    return View<float, 2>(static_cast<float*>(memory->data()), {T, columns});
  };
  hidden_ = matrix(hidden_memory_, H);
  mtp_hidden_ = matrix(mtp_hidden_memory_, H);
  logits_memory_ = backend.allocate_shared(T * V * 4);
  logits_ = View<float, 2>(static_cast<float*>(logits_memory_->data()), {T, V});

  bytes_.weights = loader.loaded_bytes();
  bytes_.mtp = loader.loaded_bytes() - before_mtp;
  bytes_.head = lm_head().bytes();
  bytes_.per_token = bytes_.head;
  for (const Block& block : blocks_) bytes_.per_token += block.bytes();
  bytes_.activations = workspace_.bytes() + 2 * T * H * 4;
}

std::unique_ptr<DeviceWeight> Qwen3_5::load_head(WeightLoader& loader) {
  const bool tied = config_.tie_word_embeddings;
  const LinearSpec spec{tied ? loader.prefix() + "embed_tokens" : "lm_head", config_.vocab_size,
                        config_.hidden_size};
  if (options_.head == HeadStorage::fp8) {
    auto head = loader.linear_in_fp8(spec);
    bytes_.rounded_head = head->bytes();
    return head;
  }
  return tied ? nullptr : loader.linear(spec);
}

int64_t Qwen3_5::workspace_floats(const ModelConfig& config, int64_t T) {
  const int64_t slack = 64 * 16;  // every view starts on a cache line
  return T * (config.rotary_dim + 2 * config.hidden_size) + Mtp::workspace_floats(config, T) +
         slack;
}

std::unique_ptr<StatePool> Qwen3_5::make_state_pool(const StateLimits& limits) {
  return std::make_unique<StatePool>(backend_, config_, limits);
}

template <typename Body>
void Qwen3_5::with_step(StatePool& pool, std::span<const Segment> segments, Body body) {
  const Workspace::Scope scope(workspace_);
  std::vector<Position3> positions;
  for (const Segment& s : segments) {
    for (int64_t i = 0; i < s.num_rows; ++i) {
      const int64_t position = s.first_position + i;
      positions.push_back({position, position, position});
    }
  }
  const RopeTables tables = rope_tables(config_, positions);
  const std::array<int64_t, 2> shape = {static_cast<int64_t>(positions.size()),
                                        config_.rotary_dim / 2};
  const auto cos = workspace_.take<2>(shape), sin = workspace_.take<2>(shape);
  backend_.copy_in(std::as_bytes(std::span(tables.cos)), cos.data());
  backend_.copy_in(std::as_bytes(std::span(tables.sin)), sin.data());
  body(Step{.backend = backend_,
            .config = config_,
            .pool = pool,
            .workspace = workspace_,
            .segments = segments,
            .cos = cos,
            .sin = sin});
}

void Qwen3_5::forward(StatePool& pool, std::span<const SequenceInput> inputs) {
  tokens_.clear();
  segments_.clear();
  for (const SequenceInput& input : inputs) {
    const int64_t position = input.state->length();
    const auto count = static_cast<int64_t>(input.tokens.size());
    require(input.chunked_tokens % delta_chunk == 0 &&
                (input.chunked_tokens == 0 || position % delta_chunk == 0),
            "forward: chunks start and end at multiples of delta_chunk");
    require(!input.speculative ||
                (input.chunked_tokens == 0 && count <= pool.limits().max_speculative_rows),
            "forward: too many drafts");
    segments_.push_back({.first_row = static_cast<int64_t>(tokens_.size()),
                         .num_rows = count,
                         .first_position = position,
                         .chunked_rows = input.chunked_tokens,
                         .slot = input.state->slot(),
                         .pages = input.state->pages(),
                         .writes_state = !input.speculative});
    tokens_.insert(tokens_.end(), input.tokens.begin(), input.tokens.end());
  }
  rows_ = static_cast<int64_t>(tokens_.size());
  require(rows_ > 0 && rows_ <= options_.max_batch_tokens, "forward: too many tokens");
  with_step(pool, segments_, [&](const Step& step) {
    const auto x = workspace_.take<2>({rows_, config_.hidden_size});
    backend_.embed(tokens_, *embed_tokens_, x);
    for (const Block& block : blocks_) block.forward(step, x);
    backend_.rms_norm(x, norm_.view, static_cast<float>(config_.rms_norm_eps),
                      hidden_.rows(0, rows_));
  });
  for (const SequenceInput& input : inputs) {
    if (!input.speculative) pool.advance(*input.state, static_cast<int64_t>(input.tokens.size()));
  }
}

void Qwen3_5::settle(StatePool& pool, std::span<const SequenceInput> inputs,
                     std::span<const int64_t> keep) {
  segments_.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    require(keep[i] > 0 && keep[i] <= static_cast<int64_t>(inputs[i].tokens.size()),
            "settle: keeps at least one token and at most those of forward()");
    segments_.push_back({.num_rows = keep[i],
                         .first_position = inputs[i].state->length(),
                         .slot = inputs[i].state->slot(),
                         .pages = inputs[i].state->pages()});
  }
  with_step(pool, segments_, [&](const Step& step) {
    for (const Block& block : blocks_) {
      if (const auto* mixer = std::get_if<GatedDeltaNet>(&block.mixer())) mixer->settle(step);
    }
  });
  for (size_t i = 0; i < inputs.size(); ++i) pool.advance(*inputs[i].state, keep[i]);
}

View<const float, 2> Qwen3_5::head(View<const float, 2> hidden, std::span<const int64_t> rows) {
  const Workspace::Scope scope(workspace_);
  const auto count = static_cast<int64_t>(rows.size());
  const auto chosen = workspace_.take<2>({count, config_.hidden_size});
  const auto logits = logits_.rows(0, count);
  backend_.gather_rows(hidden, rows, chosen);
  backend_.linear(chosen, lm_head(), logits);
  return logits;
}

View<const float, 2> Qwen3_5::logits(std::span<const int64_t> rows) { return head(hidden(), rows); }

void Qwen3_5::mtp_forward(StatePool& pool, std::span<const MtpInput> inputs, MtpSource source) {
  require(has_mtp(), "mtp_forward needs an MTP head");
  std::vector<int64_t> hidden_rows;
  tokens_.clear();
  segments_.clear();
  for (const MtpInput& input : inputs) {
    const auto count = static_cast<int64_t>(input.next_tokens.size());
    segments_.push_back({.first_row = static_cast<int64_t>(tokens_.size()),
                         .num_rows = count,
                         .first_position = input.first_position,
                         .slot = input.state->slot(),
                         .pages = input.state->pages()});
    for (int64_t i = 0; i < count; ++i) hidden_rows.push_back(input.first_hidden_row + i);
    tokens_.insert(tokens_.end(), input.next_tokens.begin(), input.next_tokens.end());
  }
  const auto T = static_cast<int64_t>(tokens_.size());
  require(T > 0 && T <= options_.max_batch_tokens, "mtp_forward: too many tokens");
  with_step(pool, segments_, [&](const Step& step) {
    const auto embeddings = workspace_.take<2>({T, config_.hidden_size});
    const auto previous = workspace_.take<2>({T, config_.hidden_size});
    backend_.embed(tokens_, *embed_tokens_, embeddings);
    backend_.gather_rows(source == MtpSource::model ? hidden() : mtp_hidden(), hidden_rows,
                         previous);
    mtp_->forward(step, embeddings, previous, mtp_hidden_.rows(0, T));
  });
  mtp_rows_ = T;
}

View<const float, 2> Qwen3_5::mtp_logits(std::span<const int64_t> rows) {
  return head(mtp_hidden(), rows);
}

}  // namespace quantrial
