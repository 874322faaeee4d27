// Qwen3.5/3.6 dense models: Gated DeltaNet and gated attention blocks, an output head, an MTP head.
#pragma once

#include <optional>
#include <vector>

#include "model/model.h"
#include "model/mtp.h"
#include "model/rope.h"

namespace quantrial {

class Qwen3_5 final : public Model {
 public:
  Qwen3_5(const ModelConfig& config, std::unique_ptr<Checkpoint> checkpoint, Backend& backend,
          const ModelOptions& options);

  const ModelConfig& config() const override { return config_; }
  const ModelOptions& options() const override { return options_; }
  ModelBytes bytes() const override { return bytes_; }
  bool has_mtp() const override { return mtp_.has_value(); }
  std::unique_ptr<StatePool> make_state_pool(const StateLimits& limits) override;

  void forward(StatePool& pool, std::span<const SequenceInput> inputs) override;
  void settle(StatePool& pool, std::span<const SequenceInput> inputs,
              std::span<const int64_t> keep) override;
  View<const float, 2> hidden() const override { return hidden_.rows(0, rows_); }
  View<const float, 2> logits(std::span<const int64_t> rows) override;
  void mtp_forward(StatePool& pool, std::span<const MtpInput> inputs, MtpSource source) override;
  View<const float, 2> mtp_hidden() const override { return mtp_hidden_.rows(0, mtp_rows_); }
  View<const float, 2> mtp_logits(std::span<const int64_t> rows) override;

 private:
  // Runs `body` with a Step over `segments`, whose rows have rotary tables.
  template <typename Body>
  void with_step(StatePool& pool, std::span<const Segment> segments, Body body);
  View<const float, 2> head(View<const float, 2> hidden, std::span<const int64_t> rows);
  const DeviceWeight& lm_head() const { return lm_head_ ? *lm_head_ : *embed_tokens_; }
  // Empty where the embedding is the output matrix too.
  std::unique_ptr<DeviceWeight> load_head(WeightLoader& loader);
  static int64_t workspace_floats(const ModelConfig& config, int64_t T);

  Qwen3_5(const ModelConfig& config, WeightLoader loader, Backend& backend,
          const ModelOptions& options);

  std::unique_ptr<Checkpoint> checkpoint_;  // weights borrow its mapped bytes
  ModelConfig config_;
  Backend& backend_;
  ModelOptions options_;
  ModelBytes bytes_;
  std::unique_ptr<DeviceWeight> embed_tokens_, lm_head_;  // lm_head_ empty: the former
  std::vector<Block> blocks_;
  Vector norm_;
  std::optional<Mtp> mtp_;

  Workspace workspace_;
  std::unique_ptr<Memory> hidden_memory_, mtp_hidden_memory_, logits_memory_;
  View<float, 2> hidden_, mtp_hidden_, logits_;  // [max_batch_tokens, ...]
  int64_t rows_ = 0, mtp_rows_ = 0;              // of the last forward(), mtp_forward()
  std::vector<int32_t> tokens_;                  // of the step under way
  std::vector<Segment> segments_;
};

}  // namespace quantrial
