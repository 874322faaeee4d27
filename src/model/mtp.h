// The multi-token-prediction head: from the hidden state of a position and the token after it, the
// hidden state that predicts the token after that (model.md 2, "MTP"; as vLLM's qwen3_5_mtp).
#pragma once

#include "model/block.h"

namespace quantrial {

class Mtp {
 public:
  Mtp(WeightLoader& loader, const ModelConfig& config, int64_t kv_layer);
  // y[T,H] after mtp.norm, from embeddings[T,H] of the next tokens and hidden[T,H] of the
  // positions.
  void forward(const Step& step, View<const float, 2> embeddings, View<const float, 2> hidden,
               View<float, 2> y) const;
  int64_t bytes() const { return fc_->bytes() + block_.bytes(); }
  static int64_t workspace_floats(const ModelConfig& config, int64_t T) {
    return 5 * T * config.hidden_size + Block::workspace_floats(config, T);
  }

 private:
  std::unique_ptr<DeviceWeight> fc_;
  Vector pre_fc_norm_embedding_, pre_fc_norm_hidden_, norm_;
  Block block_;
};

}  // namespace quantrial
