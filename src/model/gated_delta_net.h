// Gated DeltaNet, the linear attention of the family (Yang et al. 2024, arXiv 2412.06464; model.md
// 2).
#pragma once

#include "model/weights.h"
#include "model/workspace.h"

namespace quantrial {

class GatedDeltaNet {
 public:
  // `state_layer`: its place in StatePool::recurrent() and conv().
  GatedDeltaNet(WeightLoader& loader, const ModelConfig& config, const std::string& prefix,
                int64_t state_layer);
  // y[T,H] from x[T,H]; advances the recurrent state of segments that write it, and keeps the raw
  // projections of those that do not, for settle().
  void forward(const Step& step, View<const float, 2> x, View<float, 2> y) const;
  // Advances the state by rows that an earlier forward() kept: segment rows count in
  // StatePool::speculative() here.
  void settle(const Step& step) const;
  int64_t bytes() const;
  static int64_t workspace_floats(const ModelConfig& config, int64_t T);

 private:
  // The mixer between the projections: o[T, H_v, D_v] from in_proj outputs of the step's rows.
  void mix(const Step& step, View<const float, 2> qkv, View<const float, 2> a,
           View<const float, 2> b, View<float, 3> o) const;

  int64_t state_layer_;
  std::unique_ptr<DeviceWeight> in_proj_qkv_, in_proj_z_, in_proj_a_, in_proj_b_, out_proj_;
  Vector conv1d_, A_log_, dt_bias_, norm_;
};

}  // namespace quantrial
