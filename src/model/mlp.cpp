#include "model/mlp.h"

namespace quantrial {

Mlp::Mlp(WeightLoader& loader, const ModelConfig& config, const std::string& prefix) {
  const int64_t H = config.hidden_size, I = config.intermediate_size;
  auto fused = loader.fused({{prefix + "gate_proj", I, H}, {prefix + "up_proj", I, H}});
  gate_proj_ = std::move(fused[0]);
  up_proj_ = std::move(fused[1]);
  down_proj_ = loader.linear({prefix + "down_proj", H, I});
}

void Mlp::forward(const Step& step, View<const float, 2> x, View<float, 2> y) const {
  const Workspace::Scope scope(step.workspace);
  const int64_t T = step.rows(), I = gate_proj_->rows();
  const auto gate = step.workspace.take<2>({T, I});
  const auto up = step.workspace.take<2>({T, I});
  step.backend.linear(x, *gate_proj_, gate);
  step.backend.linear(x, *up_proj_, up);
  step.backend.silu_multiply(gate, up, gate);
  step.backend.linear(gate, *down_proj_, y);
}

int64_t Mlp::bytes() const { return gate_proj_->bytes() + up_proj_->bytes() + down_proj_->bytes(); }

}  // namespace quantrial
