// Gated full attention (model/attention.h) over whole sequences, forwards and backwards.
#include "model/rope.h"
#include "quantize/block_parts.h"

namespace quantrial {
namespace {

class FullAttention final : public MixerPart {
 public:
  FullAttention(const ModelConfig& config, const BlockReader& reader)
      : config_(config),
        q_norm_(reader.read("self_attn.q_norm.weight", {config.head_dim})),
        k_norm_(reader.read("self_attn.k_norm.weight", {config.head_dim})) {}

  int64_t linears() const override { return 4; }
  void forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const override;
  void backward(BlockPass& pass, View<const float, 2> dy) const override;

 private:
  enum Linear : int64_t { q_proj, k_proj, v_proj, o_proj };

  // Views of the tape.
  struct Rows {
    View<float, 3> query_gate;                           // [T, heads, 2 D]
    View<float, 3> query, gate, turned_query, attended;  // [T, heads, D]
    View<float, 3> key, value, turned_key;               // [T, kv_heads, D]
    View<float, 3> mixed;                                // [T, heads, D]
    View<float, 2> log_sum;                              // [T, heads]
  };
  Rows rows(BlockPass& pass) const;
  void norm_and_turn(View<const float, 3> x, const std::vector<float>& weight, View<float, 3> y,
                     BlockPass& pass) const;
  void norm_and_turn_backward(View<const float, 3> x, const std::vector<float>& weight,
                              View<float, 3> dx, BlockPass& pass) const;
  gradients::Norm norm(View<const float, 3> x, const std::vector<float>& weight) const {
    return {.x = head_rows(x),
            .weight = View<const float, 1>(weight.data(), {config_.head_dim}),
            .eps = static_cast<float>(config_.rms_norm_eps)};
  }
  void make_tables(BlockPass& pass) const;
  View<const float, 2> table(const std::vector<float>& values) const {
    const int64_t R = config_.rotary_dim / 2;
    return {values.data(), {static_cast<int64_t>(values.size()) / R, R}};
  }

  ModelConfig config_;
  std::vector<float> q_norm_, k_norm_;  // [D]
};

void FullAttention::make_tables(BlockPass& pass) const {
  RopeTables& tables = pass.tape.attention.tables;
  const int64_t length = pass.sequence_length();
  if (static_cast<int64_t>(tables.cos.size()) == length * config_.rotary_dim / 2) return;
  std::vector<Position3> positions;
  for (int64_t t = 0; t < length; ++t) positions.push_back({t, t, t});
  tables = rope_tables(config_, positions);
}

FullAttention::Rows FullAttention::rows(BlockPass& pass) const {
  auto& tape = pass.tape.attention;
  const int64_t T = pass.rows(), D = config_.head_dim;
  const int64_t heads = config_.num_attention_heads, kv_heads = config_.num_key_value_heads;
  const View<float, 3> query_gate = tape.query_gate.heads(T, heads, 2 * D);
  const View<float, 3> halves(query_gate.data(), {2 * T, heads, D});
  return {.query_gate = query_gate,
          .query = tape.query.heads(T, heads, D),
          .gate = tape.gate.heads(T, heads, D),
          .turned_query = tape.turned_query.heads(T, heads, D),
          .attended = halves.rows(0, T),
          .key = tape.key.heads(T, kv_heads, D),
          .value = tape.value.heads(T, kv_heads, D),
          .turned_key = tape.turned_key.heads(T, kv_heads, D),
          .mixed = halves.rows(T, T),
          .log_sum = tape.log_sum.matrix(T, heads)};
}

void FullAttention::norm_and_turn(View<const float, 3> x, const std::vector<float>& weight,
                                  View<float, 3> y, BlockPass& pass) const {
  const RopeTables& tables = pass.tape.attention.tables;
  gradients::rms_norm(norm(x, weight), head_rows(y), pass.workers);
  gradients::rope(table(tables.cos), table(tables.sin), y, pass.workers);
}

void FullAttention::norm_and_turn_backward(View<const float, 3> x, const std::vector<float>& weight,
                                           View<float, 3> dx, BlockPass& pass) const {
  const RopeTables& tables = pass.tape.attention.tables;
  gradients::rope_backward(table(tables.cos), table(tables.sin), dx, pass.workers);
  gradients::rms_norm_backward(norm(x, weight), head_rows(dx), head_rows(dx), Into::overwrite,
                               pass.workers);
}

void FullAttention::forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const {
  make_tables(pass);
  const Rows r = rows(pass);
  pass.linear(q_proj, n, flat(r.query_gate));
  pass.linear(k_proj, n, flat(r.key));
  pass.linear(v_proj, n, flat(r.value));
  gradients::split_heads(r.query_gate, r.query, r.gate, pass.workers);
  norm_and_turn(r.query, q_norm_, r.turned_query, pass);
  norm_and_turn(r.key, k_norm_, r.turned_key, pass);
  gradients::attention({.q = r.turned_query,
                        .k = r.turned_key,
                        .v = r.value,
                        .sequence_length = pass.sequence_length(),
                        .factors = pass.factors()},
                       r.attended, r.log_sum, pass.workers);
  gradients::sigmoid_gate(flat(r.attended), flat(r.gate), flat(r.mixed), pass.workers);
  pass.linear(o_proj, flat(r.mixed), y);
}

void FullAttention::backward(BlockPass& pass, View<const float, 2> dy) const {
  const Rows r = rows(pass);
  auto& tape = pass.tape.attention;
  const auto d_attended = pass.tape.up.like(r.attended), dq = pass.tape.gate.like(r.query);
  const auto dk = tape.d_key.like(r.key), dv = tape.d_value.like(r.value);

  pass.weight_gradient(o_proj, dy);
  pass.input_gradient(o_proj, dy, flat(d_attended), Into::overwrite);
  gradients::sigmoid_gate_backward(flat(r.attended), flat(r.gate), flat(d_attended), pass.workers);
  gradients::attention_backward({.q = r.turned_query,
                                 .k = r.turned_key,
                                 .v = r.value,
                                 .sequence_length = pass.sequence_length(),
                                 .factors = pass.factors()},
                                {.y = r.attended, .log_sum = r.log_sum, .dy = d_attended},
                                {.dq = dq, .dk = dk, .dv = dv}, pass.workers);
  norm_and_turn_backward(r.query, q_norm_, dq, pass);
  norm_and_turn_backward(r.key, k_norm_, dk, pass);
  gradients::merge_heads(dq, r.gate, r.query_gate, pass.workers);
  pass.weight_gradient(q_proj, flat(r.query_gate));
  pass.weight_gradient(k_proj, flat(dk));
  pass.weight_gradient(v_proj, flat(dv));
}

}  // namespace

std::unique_ptr<MixerPart> make_full_attention(const ModelConfig& config,
                                               const BlockReader& reader) {
  return std::make_unique<FullAttention>(config, reader);
}

}  // namespace quantrial
