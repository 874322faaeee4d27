#include "model/block.h"

#include <algorithm>

namespace quantrial {
namespace {

Mixer make_mixer(WeightLoader& loader, const ModelConfig& config, const std::string& prefix,
                 MixerKind kind, int64_t layer) {
  if (kind == MixerKind::full_attention) {
    return GatedAttention(loader, config, prefix + "self_attn.", layer);
  }
  return GatedDeltaNet(loader, config, prefix + "linear_attn.", layer);
}

}  // namespace

Block::Block(WeightLoader& loader, const ModelConfig& config, const std::string& prefix,
             MixerKind kind, int64_t layer)
    : input_layernorm_(loader.vector(prefix + "input_layernorm.weight", {config.hidden_size})),
      post_attention_layernorm_(
          loader.vector(prefix + "post_attention_layernorm.weight", {config.hidden_size})),
      mixer_(make_mixer(loader, config, prefix, kind, layer)),
      mlp_(loader, config, prefix + "mlp.") {}

void Block::forward(const Step& step, View<float, 2> x) const {
  const Workspace::Scope scope(step.workspace);
  const auto eps = static_cast<float>(step.config.rms_norm_eps);
  const auto normed = step.workspace.take<2>(x.shape());
  const auto change = step.workspace.take<2>(x.shape());
  step.backend.rms_norm(x, input_layernorm_.view, eps, normed);
  std::visit([&](const auto& mixer) { mixer.forward(step, normed, change); }, mixer_);
  step.backend.add(change, x);
  step.backend.rms_norm(x, post_attention_layernorm_.view, eps, normed);
  mlp_.forward(step, normed, change);
  step.backend.add(change, x);
}

int64_t Block::bytes() const {
  return std::visit([](const auto& mixer) { return mixer.bytes(); }, mixer_) + mlp_.bytes();
}

int64_t Block::workspace_floats(const ModelConfig& config, int64_t T) {
  const int64_t inner =
      std::max({Mlp::workspace_floats(config, T), GatedAttention::workspace_floats(config, T),
                GatedDeltaNet::workspace_floats(config, T)});
  return 2 * T * config.hidden_size + inner;
}

}  // namespace quantrial
