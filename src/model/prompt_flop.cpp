#include "model/prompt_flop.h"

namespace quantrial {
namespace {

// Weights of a block's mixer.
int64_t mixer_weights(const ModelConfig& c, MixerKind kind) {
  if (kind == MixerKind::full_attention) {  // q and its gate, o; k, v
    return c.hidden_size * c.head_dim * (3 * c.num_attention_heads + 2 * c.num_key_value_heads);
  }
  const int64_t heads = c.linear_num_value_heads;
  return c.hidden_size * (c.qkv_rows() + 2 * heads * c.linear_value_head_dim + 2 * heads);
}

}  // namespace

double prompt_flop(const ModelConfig& c, int64_t tokens) {
  const auto T = static_cast<double>(tokens);
  double flop = 2 * static_cast<double>(c.vocab_size * c.hidden_size);
  for (const MixerKind kind : c.layer_types) {
    const int64_t weights = mixer_weights(c, kind) + 3 * c.hidden_size * c.intermediate_size;
    flop += 2 * T * static_cast<double>(weights);
    if (kind == MixerKind::full_attention) {  // q k and p v of T (T + 1) / 2 pairs
      flop += 2 * T * (T + 1) * static_cast<double>(c.num_attention_heads * c.head_dim);
    } else {
      flop += 6 * T *
              static_cast<double>(c.linear_num_value_heads * c.linear_key_head_dim *
                                  c.linear_value_head_dim);
    }
  }
  return flop;
}

}  // namespace quantrial
