// The shape of Qwen3.6-27B (its config.json), for tests of plans and estimates: 64 layers, every
// fourth of full attention, and one MTP layer.
#pragma once

#include "model/config.h"

namespace quantrial {

inline ModelConfig qwen3_6_27b() {
  ModelConfig c;
  c.hidden_size = 5120;
  c.intermediate_size = 17408;
  c.num_attention_heads = 24;
  c.num_key_value_heads = 4;
  c.head_dim = 256;
  c.linear_num_key_heads = 16;
  c.linear_num_value_heads = 48;
  c.linear_key_head_dim = c.linear_value_head_dim = 128;
  c.linear_conv_kernel_dim = 4;
  for (int layer = 0; layer < 64; ++layer) {
    c.layer_types.push_back(layer % 4 == 3 ? MixerKind::full_attention
                                           : MixerKind::linear_attention);
  }
  c.mtp_num_hidden_layers = 1;
  c.max_position_embeddings = 262144;
  return c;
}

}  // namespace quantrial
