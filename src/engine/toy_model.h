// A model for tests of the engine: no arithmetic to speak of, but its logits hang on everything
// that batching, chunking, rollback and copying could get wrong. Position p's hidden state holds
//   h    a hash chained through the recurrent state; chunked and single rows hash differently
//   sum  of (position + 1) * token over the KV cache, read back through the pages
// and the logits are pseudo-random numbers made from both. The MTP head predicts the next
// distribution with some noise, and now and then, depending on its own KV cache, something else.
#pragma once

#include <map>
#include <vector>

#include "model/model.h"

namespace quantrial {

class ToyModel : public Model {
 public:
  explicit ToyModel(int64_t max_batch_tokens)
      : backend_(make_reference_backend({Precision::fp32})) {
    options_.max_batch_tokens = max_batch_tokens;
    config_.hidden_size = 4;
    config_.num_hidden_layers = 2;
    config_.vocab_size = 97;
    config_.num_attention_heads = config_.num_key_value_heads = config_.head_dim = 1;
    config_.linear_num_key_heads = config_.linear_num_value_heads = 1;
    config_.linear_key_head_dim = 1;
    config_.linear_value_head_dim = 2;
    config_.linear_conv_kernel_dim = 2;
    config_.layer_types = {MixerKind::linear_attention, MixerKind::full_attention};
    config_.mtp_num_hidden_layers = 1;
    config_.max_position_embeddings = 1000;
    config_.eos_token_ids = {11, 13};
  }

  const ModelConfig& config() const override { return config_; }
  const ModelOptions& options() const override { return options_; }
  ModelBytes bytes() const override { return {}; }
  bool has_mtp() const override { return true; }
  std::unique_ptr<StatePool> make_state_pool(const StateLimits& limits) override {
    return std::make_unique<StatePool>(*backend_, config_, limits);
  }

  void forward(StatePool& pool, std::span<const SequenceInput> inputs) override {
    hidden_.clear();
    rows_run = 0;
    for (const SequenceInput& input : inputs) {
      check(pool, input);
      uint32_t h = read_hash(pool, *input.state);
      for (int64_t i = 0; i < size(input.tokens); ++i) {
        const int32_t token = input.tokens[static_cast<size_t>(i)];
        const int64_t position = input.state->length() + i;
        *slot(pool, 0, *input.state, position) = static_cast<float>(token);
        h = mix(h, token, i < input.chunked_tokens);
        hidden_.push_back({h, attend(pool, 0, *input.state, position), position});
      }
      rows_run += size(input.tokens);
      if (input.speculative) {
        verified_[input.state] = {input.tokens.begin(), input.tokens.end()};
      } else {
        write_hash(pool, *input.state, h);
        pool.advance(*input.state, size(input.tokens));
      }
    }
    require(rows_run <= options_.max_batch_tokens, "toy: too many rows");
  }

  void settle(StatePool& pool, std::span<const SequenceInput> inputs,
              std::span<const int64_t> keep) override {
    require(inputs.size() == keep.size(), "toy: one keep an input");
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto& tokens = verified_.at(inputs[i].state);
      require(keep[i] >= 1 && keep[i] <= static_cast<int64_t>(tokens.size()), "toy: keep");
      uint32_t h = read_hash(pool, *inputs[i].state);
      for (int64_t t = 0; t < keep[i]; ++t) h = mix(h, tokens[static_cast<size_t>(t)], false);
      write_hash(pool, *inputs[i].state, h);
      pool.advance(*inputs[i].state, keep[i]);
    }
    verified_.clear();
  }

  View<const float, 2> hidden() const override { return {}; }
  View<const float, 2> logits(std::span<const int64_t> rows) override {
    return make_logits(rows, hidden_);
  }

  void mtp_forward(StatePool& pool, std::span<const MtpInput> inputs, MtpSource source) override {
    const std::vector<Hidden> from = source == MtpSource::model ? hidden_ : mtp_hidden_;
    mtp_hidden_.clear();
    for (const MtpInput& input : inputs) {
      for (int64_t i = 0; i < size(input.next_tokens); ++i) {
        const Hidden& row = from.at(static_cast<size_t>(input.first_hidden_row + i));
        const int64_t position = input.first_position + i;
        require(row.position == position, "toy: hidden row and position disagree");
        const int32_t token = input.next_tokens[static_cast<size_t>(i)];
        *slot(pool, 1, *input.state, position) = static_cast<float>((row.h + token) % 1009);
        const uint32_t seen = attend(pool, 1, *input.state, position);
        Hidden next{mix(row.h, token, false),
                    row.sum + static_cast<uint32_t>((position + 2) * token), position + 1};
        next.disturbance = mix(seen, token, false) % 3 == 0 ? 0x5bd1e995 : 1;
        mtp_hidden_.push_back(next);
      }
    }
  }
  View<const float, 2> mtp_hidden() const override { return {}; }
  View<const float, 2> mtp_logits(std::span<const int64_t> rows) override {
    return make_logits(rows, mtp_hidden_);
  }

  int64_t rows_run = 0;  // by the last forward()

 private:
  struct Hidden {
    uint32_t h = 0, sum = 0;
    int64_t position = 0;
    uint32_t disturbance = 0;  // 0: none; 1: a little noise; else another distribution
  };

  template <typename T>
  static int64_t size(std::span<T> span) {
    return static_cast<int64_t>(span.size());
  }

  static uint32_t mix(uint32_t h, int32_t token, bool chunked) {
    uint32_t x = h * 0x9E3779B1u + static_cast<uint32_t>(token) * 2 + (chunked ? 1 : 0) + 1;
    x ^= x >> 15;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    return x;
  }

  void check(StatePool& pool, const SequenceInput& input) const {
    const int64_t first = input.state->length();
    const int64_t count = size(input.tokens);
    require(count > 0, "toy: an input without tokens");
    require(size(input.state->pages()) * page_tokens >= first + count, "toy: not reserved");
    require(input.chunked_tokens % delta_chunk == 0, "toy: part of a chunk");
    require(input.chunked_tokens == 0 || first % delta_chunk == 0, "toy: chunk starts anywhere");
    require(input.chunked_tokens <= count, "toy: more chunked tokens than tokens");
    require(!input.speculative || count <= pool.limits().max_speculative_rows, "toy: drafts");
  }

  static float* slot(StatePool& pool, int64_t layer, const SequenceState& state, int64_t position) {
    const KvPages& kv = pool.kv(layer);
    const int64_t page = state.pages()[static_cast<size_t>(position / page_tokens)];
    return static_cast<float*>(kv.keys) + page * kv.page_elements() + position % page_tokens;
  }

  static uint32_t attend(StatePool& pool, int64_t layer, const SequenceState& state, int64_t last) {
    uint32_t sum = 0;
    for (int64_t p = 0; p <= last; ++p) {
      sum += static_cast<uint32_t>(p + 1) * static_cast<uint32_t>(*slot(pool, layer, state, p));
    }
    return sum;
  }

  static uint32_t read_hash(StatePool& pool, const SequenceState& state) {
    const float* halves = pool.recurrent(0)[state.slot()].data();
    return static_cast<uint32_t>(halves[0]) << 16 | static_cast<uint32_t>(halves[1]);
  }
  static void write_hash(StatePool& pool, const SequenceState& state, uint32_t h) {
    float* halves = pool.recurrent(0)[state.slot()].data();
    halves[0] = static_cast<float>(h >> 16);
    halves[1] = static_cast<float>(h & 0xFFFF);
  }

  View<const float, 2> make_logits(std::span<const int64_t> rows, const std::vector<Hidden>& from) {
    logits_.clear();
    for (const int64_t row : rows) {
      const Hidden& hidden = from.at(static_cast<size_t>(row));
      const uint32_t seed = mix(hidden.h, static_cast<int32_t>(hidden.sum & 0xFFFFFF), false);
      for (int32_t id = 0; id < config_.vocab_size; ++id) {
        uint32_t x = mix(seed, id, hidden.disturbance > 1);
        float logit = static_cast<float>(x % 4096) / 4096 * 8 - 4;
        if (hidden.disturbance == 1) logit += static_cast<float>(mix(x, id, true) % 64) / 128;
        logits_.push_back(logit);
      }
    }
    return {logits_.data(), {size(rows), config_.vocab_size}};
  }

  std::unique_ptr<Backend> backend_;
  ModelConfig config_;
  ModelOptions options_;
  std::vector<Hidden> hidden_, mtp_hidden_;
  std::map<const SequenceState*, std::vector<int32_t>> verified_;
  std::vector<float> logits_;
};

}  // namespace quantrial
