#include "model/mtp.h"

namespace quantrial {

Mtp::Mtp(WeightLoader& loader, const ModelConfig& config, int64_t kv_layer)
    : fc_(loader.linear({"mtp.fc", config.hidden_size, 2 * config.hidden_size})),
      pre_fc_norm_embedding_(
          loader.vector("mtp.pre_fc_norm_embedding.weight", {config.hidden_size})),
      pre_fc_norm_hidden_(loader.vector("mtp.pre_fc_norm_hidden.weight", {config.hidden_size})),
      norm_(loader.vector("mtp.norm.weight", {config.hidden_size})),
      block_(loader, config, "mtp.layers.0.", MixerKind::full_attention, kv_layer) {}

void Mtp::forward(const Step& step, View<const float, 2> embeddings, View<const float, 2> hidden,
                  View<float, 2> y) const {
  const Workspace::Scope scope(step.workspace);
  const int64_t T = step.rows(), H = step.config.hidden_size;
  const auto eps = static_cast<float>(step.config.rms_norm_eps);
  const auto e = step.workspace.take<2>({T, H});
  const auto h = step.workspace.take<2>({T, H});
  const auto both = step.workspace.take<2>({T, 2 * H});
  step.backend.rms_norm(embeddings, pre_fc_norm_embedding_.view, eps, e);
  step.backend.rms_norm(hidden, pre_fc_norm_hidden_.view, eps, h);
  step.backend.concatenate(e, h, both);
  step.backend.linear(both, *fc_, h);
  block_.forward(step, h);
  step.backend.rms_norm(h, norm_.view, eps, y);
}

}  // namespace quantrial
