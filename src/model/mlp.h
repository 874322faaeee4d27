// The gated MLP: down(silu(gate(x)) * up(x)).
#pragma once

#include "model/weights.h"
#include "model/workspace.h"

namespace quantrial {

class Mlp {
 public:
  Mlp(WeightLoader& loader, const ModelConfig& config, const std::string& prefix);
  // y[T,H] from x[T,H], both hidden_size wide.
  void forward(const Step& step, View<const float, 2> x, View<float, 2> y) const;
  int64_t bytes() const;
  static int64_t workspace_floats(const ModelConfig& config, int64_t T) {
    return 2 * T * config.intermediate_size;
  }

 private:
  std::unique_ptr<DeviceWeight> gate_proj_, up_proj_, down_proj_;
};

}  // namespace quantrial
