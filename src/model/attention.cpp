#include "model/attention.h"

namespace quantrial {

GatedAttention::GatedAttention(WeightLoader& loader, const ModelConfig& config,
                               const std::string& prefix, int64_t kv_layer)
    : kv_layer_(kv_layer) {
  const int64_t H = config.hidden_size, D = config.head_dim;
  const int64_t q = config.num_attention_heads * D, kv = config.num_key_value_heads * D;
  auto fused = loader.fused({{prefix + "q_proj", 2 * q, H},  // per head [query | gate]
                             {prefix + "k_proj", kv, H},
                             {prefix + "v_proj", kv, H}});
  q_proj_ = std::move(fused[0]);
  k_proj_ = std::move(fused[1]);
  v_proj_ = std::move(fused[2]);
  o_proj_ = loader.linear({prefix + "o_proj", H, q});
  q_norm_ = loader.vector(prefix + "q_norm.weight", {D});
  k_norm_ = loader.vector(prefix + "k_norm.weight", {D});
}

void GatedAttention::forward(const Step& step, View<const float, 2> x, View<float, 2> y) const {
  const Workspace::Scope scope(step.workspace);
  const ModelConfig& c = step.config;
  const int64_t T = step.rows(), D = c.head_dim;
  const int64_t heads = c.num_attention_heads, kv_heads = c.num_key_value_heads;
  const auto eps = static_cast<float>(c.rms_norm_eps);

  const auto query_gate = step.workspace.take<2>({T, heads * 2 * D});
  const auto query = step.workspace.take<3>({T, heads, D});
  const auto gate = step.workspace.take<3>({T, heads, D});
  const auto key = step.workspace.take<3>({T, kv_heads, D});
  const auto value = step.workspace.take<3>({T, kv_heads, D});
  step.backend.linear(x, *q_proj_, query_gate);
  step.backend.linear(x, *k_proj_, reshaped<2>(key, {T, kv_heads * D}));
  step.backend.linear(x, *v_proj_, reshaped<2>(value, {T, kv_heads * D}));
  step.backend.split_heads(reshaped<3>(query_gate, {T, heads, 2 * D}), query, gate);

  const auto query_rows = reshaped<2>(query, {T * heads, D});
  const auto key_rows = reshaped<2>(key, {T * kv_heads, D});
  step.backend.rms_norm(query_rows, q_norm_.view, eps, query_rows);
  step.backend.rms_norm(key_rows, k_norm_.view, eps, key_rows);
  step.backend.rope(step.cos, step.sin, query);
  step.backend.rope(step.cos, step.sin, key);

  const KvPages& cache = step.pool.kv(kv_layer_);
  step.backend.store_kv(key, value, step.segments, cache);
  const auto mixed =
      reshaped<2>(query_gate, {T * 2, heads * D}).rows(0, T);  // its numbers are used up
  step.backend.attention(query, step.segments, cache, reshaped<3>(mixed, {T, heads, D}));
  step.backend.sigmoid_gate(reshaped<2>(gate, {T, heads * D}), mixed);
  step.backend.linear(mixed, *o_proj_, y);
}

int64_t GatedAttention::bytes() const {
  return q_proj_->bytes() + k_proj_->bytes() + v_proj_->bytes() + o_proj_->bytes();
}

int64_t GatedAttention::workspace_floats(const ModelConfig& c, int64_t T) {
  return T * c.head_dim * (4 * c.num_attention_heads + 2 * c.num_key_value_heads);
}

}  // namespace quantrial
