// One decoder block: h = x + Mixer(norm(x)); y = h + Mlp(norm(h)).
#pragma once

#include <variant>

#include "model/attention.h"
#include "model/gated_delta_net.h"
#include "model/mlp.h"

namespace quantrial {

using Mixer = std::variant<GatedAttention, GatedDeltaNet>;

class Block {
 public:
  // `prefix` ends in "layers.N."; `layer` is the mixer's place in the StatePool.
  Block(WeightLoader& loader, const ModelConfig& config, const std::string& prefix, MixerKind kind,
        int64_t layer);
  // In place: x[T, hidden_size].
  void forward(const Step& step, View<float, 2> x) const;
  const Mixer& mixer() const { return mixer_; }
  int64_t bytes() const;  // of the matrices
  static int64_t workspace_floats(const ModelConfig& config, int64_t T);

 private:
  Vector input_layernorm_, post_attention_layernorm_;
  Mixer mixer_;
  Mlp mlp_;
};

}  // namespace quantrial
