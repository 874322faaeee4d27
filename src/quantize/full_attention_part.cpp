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
    View<float, 3> query_gate;                     // [T, heads, 2 D]
    View<float, 3> turned_query, attended, mixed;  // [T, heads, D]
    View<float, 3> key, value, turned_key;         // [T, kv_heads, D]
    View<float, 2> log_sum;                        // [T, heads]
  };
  Rows rows(BlockPass& pass) const;
  gradients::Attention attention(BlockPass& pass, const Rows& r) const;
  gradients::HeadNorm norm(View<const float, 3> x, const std::vector<float>& weight,
                           const BlockPass& pass) const {
    const RopeTables& tables = pass.tape.attention.tables;
    return {.x = x,
            .weight = View<const float, 1>(weight.data(), {config_.head_dim}),
            .eps = static_cast<float>(config_.rms_norm_eps),
            .cos = table(tables.cos),
            .sin = table(tables.sin)};
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
  return {.query_gate = tape.query_gate.heads(T, heads, 2 * D),
          .turned_query = tape.turned_query.heads(T, heads, D),
          .attended = tape.attended.heads(T, heads, D),
          .mixed = tape.mixed.heads(T, heads, D),
          .key = tape.key.heads(T, kv_heads, D),
          .value = tape.value.heads(T, kv_heads, D),
          .turned_key = tape.turned_key.heads(T, kv_heads, D),
          .log_sum = tape.log_sum.matrix(T, heads)};
}

gradients::Attention FullAttention::attention(BlockPass& pass, const Rows& r) const {
  gradients::Attention attention{.q = r.turned_query,
                                 .k = r.turned_key,
                                 .v = r.value,
                                 .sequence_length = pass.sequence_length(),
                                 .factors = pass.factors()};
  const int64_t kept = pass.is_small() ? gradients::kept_floats(attention) : 0;
  if (kept > 0) attention.kept = pass.tape.attention.kept.floats(kept);
  return attention;
}

void FullAttention::forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const {
  make_tables(pass);
  const Rows r = rows(pass);
  pass.linear(q_proj, n, flat(r.query_gate));
  pass.linear(k_proj, n, flat(r.key));
  pass.linear(v_proj, n, flat(r.value));
  gradients::head_norm(norm(r.query_gate, q_norm_, pass), r.turned_query, pass.workers);
  gradients::head_norm(norm(r.key, k_norm_, pass), r.turned_key, pass.workers);
  gradients::attention(attention(pass, r), r.attended, r.log_sum, pass.workers);
  gradients::sigmoid_gate(r.attended, r.query_gate, r.mixed, pass.workers);
  pass.linear(o_proj, flat(r.mixed), y);
}

void FullAttention::backward(BlockPass& pass, View<const float, 2> dy) const {
  const Rows r = rows(pass);
  auto& tape = pass.tape.attention;
  const auto d_attended = pass.tape.up.like(r.attended), dq = pass.tape.gate.like(r.attended);
  const auto dk = tape.d_key.like(r.key), dv = tape.d_value.like(r.value);

  pass.weight_gradient(o_proj, dy);
  pass.input_gradient(o_proj, dy, flat(d_attended), Into::overwrite);
  gradients::sigmoid_gate_backward(r.attended, r.query_gate, d_attended, pass.workers);
  gradients::attention_backward(attention(pass, r),
                                {.y = r.attended, .log_sum = r.log_sum, .dy = d_attended},
                                {.dq = dq, .dk = dk, .dv = dv}, pass.workers);
  const auto query = norm(r.query_gate, q_norm_, pass), key = norm(r.key, k_norm_, pass);
  gradients::head_norm_backward(query, dq, r.query_gate, pass.workers);
  gradients::head_norm_backward(key, dk, dk, pass.workers);
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
