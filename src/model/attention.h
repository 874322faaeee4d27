// Gated full attention (model.md 2): q_proj holds query and gate per head, norms with offset before
// partial rotary embedding, the gate acts on the value sum before o_proj.
#pragma once

#include "model/weights.h"
#include "model/workspace.h"

namespace quantrial {

class GatedAttention {
 public:
  // `kv_layer`: its place in StatePool::kv().
  GatedAttention(WeightLoader& loader, const ModelConfig& config, const std::string& prefix,
                 int64_t kv_layer);
  // y[T,H] from x[T,H]; writes keys and values of the step's positions.
  void forward(const Step& step, View<const float, 2> x, View<float, 2> y) const;
  int64_t bytes() const;
  static int64_t workspace_floats(const ModelConfig& config, int64_t T);

 private:
  int64_t kv_layer_;
  std::unique_ptr<DeviceWeight> q_proj_, k_proj_, v_proj_, o_proj_;
  Vector q_norm_, k_norm_;
};

}  // namespace quantrial
