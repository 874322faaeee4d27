#include "quantize/block_linears.h"

namespace quantrial {

std::vector<BlockLinear> block_linears(const ModelConfig& config, const std::string& prefix,
                                       MixerKind kind) {
  std::vector<BlockLinear> linears;
  const auto add = [&](const std::string& name, int64_t rows, int64_t columns, int input) {
    linears.push_back({prefix + name, name, rows, columns, input});
  };
  enum Input { normed, mixed, normed_again, multiplied };
  const int64_t H = config.hidden_size, I = config.intermediate_size;
  if (kind == MixerKind::full_attention) {
    const int64_t q = config.num_attention_heads * config.head_dim;
    const int64_t kv = config.num_key_value_heads * config.head_dim;
    add("self_attn.q_proj", 2 * q, H, normed);  // per head [query | gate]
    add("self_attn.k_proj", kv, H, normed);
    add("self_attn.v_proj", kv, H, normed);
    add("self_attn.o_proj", H, q, mixed);
  } else {
    const int64_t heads = config.linear_num_value_heads;
    const int64_t z = heads * config.linear_value_head_dim;
    add("linear_attn.in_proj_qkv", config.qkv_rows(), H, normed);
    add("linear_attn.in_proj_z", z, H, normed);
    add("linear_attn.in_proj_b", heads, H, normed);
    add("linear_attn.in_proj_a", heads, H, normed);
    add("linear_attn.out_proj", H, z, mixed);
  }
  add("mlp.gate_proj", I, H, normed_again);
  add("mlp.up_proj", I, H, normed_again);
  add("mlp.down_proj", H, I, multiplied);
  return linears;
}

}  // namespace quantrial
