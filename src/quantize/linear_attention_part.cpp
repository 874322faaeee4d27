// Gated DeltaNet (model/gated_delta_net.h) over whole sequences, forwards and backwards.
#include "quantize/block_parts.h"

namespace quantrial {
namespace {

class LinearAttention final : public MixerPart {
 public:
  LinearAttention(const ModelConfig& config, const BlockReader& reader);

  int64_t linears() const override { return 5; }
  void forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const override;
  void backward(BlockPass& pass, View<const float, 2> dy) const override;

 private:
  enum Linear : int64_t { in_proj_qkv, in_proj_z, in_proj_b, in_proj_a, out_proj };

  // Views of the tape.
  struct Rows {
    View<float, 2> qkv, conv;        // [T, C]
    View<float, 2> a, b, g, beta;    // [T, heads]
    View<float, 3> q, k;             // [T, key_heads, D_k]
    View<float, 3> z, value, mixed;  // [T, heads, D_v]
    View<float, 4> states;           // [chunks, heads, D_k, D_v]

    DeltaInputs inputs() const { return {.q = q, .k = k, .conv = conv, .g = g, .beta = beta}; }
  };
  Rows rows(BlockPass& pass) const;
  gradients::Convolution convolution(const BlockPass& pass, const Rows& r) const {
    const int64_t C = config_.qkv_rows(), W = config_.linear_conv_kernel_dim;
    return {.x = r.qkv,
            .weight = View<const float, 2>(conv1d_.data(), {C, W}),
            .sequence_length = pass.sequence_length()};
  }
  gradients::DeltaGates gates(const Rows& r) const {
    const int64_t heads = config_.linear_num_value_heads;
    return {.a = r.a,
            .b = r.b,
            .A_log = View<const float, 1>(A_log_.data(), {heads}),
            .dt_bias = View<const float, 1>(dt_bias_.data(), {heads})};
  }
  gradients::GatedNorm norm(const Rows& r) const {
    const bool silu = config_.output_gate_type == OutputGate::silu;
    return {.x = head_rows(r.value),
            .weight = View<const float, 1>(norm_.data(), {config_.linear_value_head_dim}),
            .eps = static_cast<float>(config_.rms_norm_eps),
            .z = head_rows(r.z),
            .gate = silu ? GateKind::silu : GateKind::sigmoid};
  }

  ModelConfig config_;
  std::vector<float> conv1d_;           // [C, W]
  std::vector<float> A_log_, dt_bias_;  // [heads]
  std::vector<float> norm_;             // [D_v]
};

LinearAttention::LinearAttention(const ModelConfig& config, const BlockReader& reader)
    : config_(config),
      conv1d_(reader.read("linear_attn.conv1d.weight",
                          {config.qkv_rows(), 1, config.linear_conv_kernel_dim})),
      A_log_(reader.read("linear_attn.A_log", {config.linear_num_value_heads})),
      dt_bias_(reader.read("linear_attn.dt_bias", {config.linear_num_value_heads})),
      norm_(reader.read("linear_attn.norm.weight", {config.linear_value_head_dim})) {}

LinearAttention::Rows LinearAttention::rows(BlockPass& pass) const {
  auto& tape = pass.tape.delta;
  const int64_t T = pass.rows(), L = pass.sequence_length(), C = config_.qkv_rows();
  const int64_t heads = config_.linear_num_value_heads, key_heads = config_.linear_num_key_heads;
  const int64_t D_k = config_.linear_key_head_dim, D_v = config_.linear_value_head_dim;
  const int64_t chunks = T / L * ((L + delta_chunk - 1) / delta_chunk);
  return {
      .qkv = tape.qkv.matrix(T, C),
      .conv = tape.conv.matrix(T, C),
      .a = tape.a.matrix(T, heads),
      .b = tape.b.matrix(T, heads),
      .g = tape.g.matrix(T, heads),
      .beta = tape.beta.matrix(T, heads),
      .q = tape.q.heads(T, key_heads, D_k),
      .k = tape.k.heads(T, key_heads, D_k),
      .z = tape.z.heads(T, heads, D_v),
      .value = tape.value.heads(T, heads, D_v),
      .mixed = tape.mixed.heads(T, heads, D_v),
      .states = {tape.states.matrix(chunks * heads, D_k * D_v).data(), {chunks, heads, D_k, D_v}}};
}

void LinearAttention::forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const {
  const Rows r = rows(pass);
  pass.linear(in_proj_qkv, n, r.qkv);
  pass.linear(in_proj_z, n, flat(r.z));
  pass.linear(in_proj_b, n, r.b);
  pass.linear(in_proj_a, n, r.a);
  gradients::causal_conv(convolution(pass, r), r.conv, pass.workers);
  gradients::delta_normalize(r.conv, r.q, r.k, pass.workers);
  gradients::delta_gates(gates(r), r.g, r.beta, pass.workers);
  gradients::delta_rule(r.inputs(), {pass.sequence_length(), pass.factors()}, r.value, r.states,
                        pass.workers);
  gradients::gated_rms_norm(norm(r), head_rows(r.mixed), pass.workers);
  pass.linear(out_proj, flat(r.mixed), y);
}

void LinearAttention::backward(BlockPass& pass, View<const float, 2> dy) const {
  const Rows r = rows(pass);
  auto& tape = pass.tape.delta;
  const auto d_value = pass.tape.up.like(r.value);
  const auto d_conv = pass.tape.gate.like(r.conv);
  const auto dq = pass.tape.multiplied.like(r.q), dk = tape.dk.like(r.k);
  const auto dg = tape.dg.like(r.g), d_beta = tape.d_beta.like(r.beta);

  pass.weight_gradient(out_proj, dy);
  pass.input_gradient(out_proj, dy, flat(d_value), Into::overwrite);
  gradients::gated_rms_norm_backward(norm(r), head_rows(d_value), head_rows(d_value),
                                     head_rows(r.z), pass.workers);
  gradients::delta_rule_backward(r.inputs(), {pass.sequence_length(), pass.factors()},
                                 {.states = r.states, .y = r.value, .dy = d_value},
                                 {.dq = dq, .dk = dk, .dconv = d_conv, .dg = dg, .dbeta = d_beta},
                                 pass.workers);
  gradients::delta_gates_backward(gates(r), dg, d_beta, pass.workers);
  gradients::delta_normalize_backward(r.conv, {.dq = dq, .dk = dk}, d_conv, pass.workers);
  const auto d_qkv = r.conv;  // its numbers are used up
  gradients::causal_conv_backward(convolution(pass, r), d_conv, d_qkv, pass.workers);
  pass.weight_gradient(in_proj_qkv, d_qkv);
  pass.weight_gradient(in_proj_z, flat(r.z));
  pass.weight_gradient(in_proj_b, d_beta);
  pass.weight_gradient(in_proj_a, dg);
}

}  // namespace

std::unique_ptr<MixerPart> make_linear_attention(const ModelConfig& config,
                                                 const BlockReader& reader) {
  return std::make_unique<LinearAttention>(config, reader);
}

}  // namespace quantrial
