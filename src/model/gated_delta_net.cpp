#include "model/gated_delta_net.h"

namespace quantrial {

GatedDeltaNet::GatedDeltaNet(WeightLoader& loader, const ModelConfig& config,
                             const std::string& prefix, int64_t state_layer)
    : state_layer_(state_layer) {
  const int64_t H = config.hidden_size, C = config.qkv_rows();
  const int64_t heads = config.linear_num_value_heads, D_v = config.linear_value_head_dim;
  auto qkvz = loader.fused({{prefix + "in_proj_qkv", C, H},  // rows [q | k | v], head by head
                            {prefix + "in_proj_z", heads * D_v, H}});
  auto ba = loader.fused({{prefix + "in_proj_b", heads, H}, {prefix + "in_proj_a", heads, H}});
  in_proj_qkv_ = std::move(qkvz[0]);
  in_proj_z_ = std::move(qkvz[1]);
  in_proj_b_ = std::move(ba[0]);
  in_proj_a_ = std::move(ba[1]);
  out_proj_ = loader.linear({prefix + "out_proj", H, heads * D_v});
  conv1d_ = loader.vector(prefix + "conv1d.weight", {C, 1, config.linear_conv_kernel_dim});
  A_log_ = loader.vector(prefix + "A_log", {heads});
  dt_bias_ = loader.vector(prefix + "dt_bias", {heads});
  norm_ = loader.vector(prefix + "norm.weight", {D_v});
}

void GatedDeltaNet::forward(const Step& step, View<const float, 2> x, View<float, 2> y) const {
  const Workspace::Scope scope(step.workspace);
  const ModelConfig& c = step.config;
  const int64_t T = step.rows(), heads = c.linear_num_value_heads, D_v = c.linear_value_head_dim;

  const auto qkv = step.workspace.take<2>({T, c.qkv_rows()});
  const auto z = step.workspace.take<2>({T, heads * D_v});
  const auto a = step.workspace.take<2>({T, heads});
  const auto b = step.workspace.take<2>({T, heads});
  const auto o = step.workspace.take<3>({T, heads, D_v});
  step.backend.linear(x, *in_proj_qkv_, qkv);
  step.backend.linear(x, *in_proj_z_, z);
  step.backend.linear(x, *in_proj_a_, a);
  step.backend.linear(x, *in_proj_b_, b);
  for (const Segment& s : step.segments) {
    if (s.writes_state) continue;
    const int64_t row = s.slot * step.pool.limits().max_speculative_rows;
    const SpeculativeRows& kept = step.pool.speculative(state_layer_);
    const auto keep = [&](View<float, 2> from, View<float, 2> to) {
      const auto source = from.rows(s.first_row, s.num_rows);
      step.backend.copy(source.data(), to.rows(row, s.num_rows).data(), source.size() * 4);
    };
    keep(qkv, kept.qkv);
    keep(a, kept.a);
    keep(b, kept.b);
  }
  mix(step, qkv, a, b, o);

  const auto eps = static_cast<float>(c.rms_norm_eps);
  const auto gate = c.output_gate_type == OutputGate::silu ? GateKind::silu : GateKind::sigmoid;
  const auto o_rows = reshaped<2>(o, {T * heads, D_v});
  step.backend.gated_rms_norm(o_rows, norm_.view, eps, reshaped<2>(z, {T * heads, D_v}), gate,
                              o_rows);
  step.backend.linear(reshaped<2>(o, {T, heads * D_v}), *out_proj_, y);
}

void GatedDeltaNet::settle(const Step& step) const {
  const Workspace::Scope scope(step.workspace);
  const ModelConfig& c = step.config;
  const SpeculativeRows& kept = step.pool.speculative(state_layer_);
  for (const Segment& s : step.segments) {
    const int64_t row = s.slot * step.pool.limits().max_speculative_rows;
    Step one = step;
    Segment local = s;
    local.first_row = 0;
    one.segments = std::span(&local, 1);
    const Workspace::Scope rows_scope(step.workspace);
    const auto o =
        step.workspace.take<3>({s.num_rows, c.linear_num_value_heads, c.linear_value_head_dim});
    mix(one, kept.qkv.rows(row, s.num_rows), kept.a.rows(row, s.num_rows),
        kept.b.rows(row, s.num_rows), o);
  }
}

void GatedDeltaNet::mix(const Step& step, View<const float, 2> qkv, View<const float, 2> a,
                        View<const float, 2> b, View<float, 3> o) const {
  const Workspace::Scope scope(step.workspace);
  const ModelConfig& c = step.config;
  const int64_t T = qkv.shape(0), C = c.qkv_rows(), heads = c.linear_num_value_heads;

  const auto conv = step.workspace.take<2>({T, C});
  const View<const float, 2> taps(conv1d_.view.data(), {C, c.linear_conv_kernel_dim});
  step.backend.causal_conv(qkv, step.segments, taps, step.pool.conv(state_layer_), conv);
  const std::array<int64_t, 3> qk_shape = {T, c.linear_num_key_heads, c.linear_key_head_dim};
  const auto q = step.workspace.take<3>(qk_shape);
  const auto k = step.workspace.take<3>(qk_shape);
  const auto g = step.workspace.take<2>({T, heads});
  const auto beta = step.workspace.take<2>({T, heads});
  step.backend.delta_normalize(conv, q, k);
  step.backend.delta_gates(a, b, A_log_.view, dt_bias_.view, g, beta);
  step.backend.delta_rule({.q = q, .k = k, .conv = conv, .g = g, .beta = beta}, step.segments,
                          step.pool.recurrent(state_layer_), o);
}

int64_t GatedDeltaNet::bytes() const {
  return in_proj_qkv_->bytes() + in_proj_z_->bytes() + in_proj_a_->bytes() + in_proj_b_->bytes() +
         out_proj_->bytes();
}

int64_t GatedDeltaNet::workspace_floats(const ModelConfig& c, int64_t T) {
  const int64_t values = c.linear_num_value_heads * c.linear_value_head_dim;
  const int64_t keys = c.linear_num_key_heads * c.linear_key_head_dim;
  return T * (2 * c.qkv_rows() + 2 * values + 2 * keys + 4 * c.linear_num_value_heads);
}

}  // namespace quantrial
