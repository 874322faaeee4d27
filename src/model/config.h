// config.json of the family: Qwen3_5ForConditionalGeneration and Qwen3_5ForCausalLM (model.md 1.1).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quantrial {

enum class MixerKind : uint8_t { linear_attention, full_attention };
enum class OutputGate : uint8_t { silu, sigmoid };  // activation of z in the gated norm

// The text model, named as the keys of `text_config`.
struct ModelConfig {
  std::string architecture;
  int64_t hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0, vocab_size = 0;
  int64_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  int64_t linear_num_key_heads = 0, linear_num_value_heads = 0;
  int64_t linear_key_head_dim = 0, linear_value_head_dim = 0, linear_conv_kernel_dim = 0;
  std::vector<MixerKind> layer_types;  // [num_hidden_layers]
  OutputGate output_gate_type = OutputGate::silu;
  int64_t rotary_dim = 0;  // head_dim * partial_rotary_factor, even
  double rope_theta = 0;
  std::array<int64_t, 3> mrope_section{};  // t, h, w
  int64_t mtp_num_hidden_layers = 0;
  int64_t max_position_embeddings = 0;
  double rms_norm_eps = 0;
  bool tie_word_embeddings = false;
  std::vector<int32_t> eos_token_ids;  // of config.json and generation_config.json, without repeats

  int64_t qkv_rows() const {  // rows of in_proj_qkv: [q | k | v]
    return 2 * linear_num_key_heads * linear_key_head_dim +
           linear_num_value_heads * linear_value_head_dim;
  }
};

// Sampling defaults of generation_config.json; the values when it is absent or silent.
struct GenerationDefaults {
  bool do_sample = true;
  double temperature = 1.0, top_p = 1.0, min_p = 0.0;
  int64_t top_k = 0;  // 0: off
};

// Throws Error naming the key and the value for anything missing, of the wrong type, out of range,
// contradictory, or not understood (another architecture, activation, rope type).
ModelConfig read_model_config(const std::filesystem::path& dir);
GenerationDefaults read_generation_defaults(const std::filesystem::path& dir);

}  // namespace quantrial
