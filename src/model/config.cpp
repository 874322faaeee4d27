#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

// Largest values accepted, far beyond any member of the family (27B: hidden 5120, 64 layers):
// what is absurd must fail here, before it sizes an allocation.
constexpr int64_t max_hidden_size = 1 << 20;
constexpr int64_t max_intermediate_size = 1 << 22;
constexpr int64_t max_layers = 4096;
constexpr int64_t max_vocab_size = 1 << 24;
constexpr int64_t max_heads = 1 << 12;
constexpr int64_t max_head_dim = 1 << 12;
constexpr int64_t max_conv_kernel = 64;
constexpr int64_t max_positions = 1 << 24;

std::string architecture_of(const JsonObject& top) {
  const auto names = top.texts("architectures");
  const std::string model_type = top.text("model_type", "");
  const std::string name = !names.empty()                 ? names.front()
                           : model_type == "qwen3_5"      ? "Qwen3_5ForConditionalGeneration"
                           : model_type == "qwen3_5_text" ? "Qwen3_5ForCausalLM"
                                                          : "";
  if (name == "Qwen3_5ForConditionalGeneration" || name == "Qwen3_5ForCausalLM") return name;
  if (name.find("Moe") != std::string::npos || model_type.find("moe") != std::string::npos) {
    top.fail("architectures", fmt::format("a dense model (mixture-of-experts '{}' is not "
                                          "supported); use a dense Qwen3.5 or Qwen3.6",
                                          escaped(name)));
  }
  top.fail("architectures",
           fmt::format("Qwen3_5ForConditionalGeneration or Qwen3_5ForCausalLM, found '{}'",
                       escaped(name.empty() ? model_type : name)));
}

void check_text_model_type(const JsonObject& text) {
  const std::string type = text.text("model_type", "qwen3_5_text");
  if (type != "qwen3_5_text" && type != "qwen3_5") text.fail("model_type", "qwen3_5_text");
  if (text.has("num_experts") && text.integer("num_experts", 0, INT64_MAX) > 0) {
    text.fail("num_experts", "0 (mixture of experts is not supported)");
  }
}

void read_sizes(const JsonObject& text, ModelConfig& config) {
  config.hidden_size = text.integer("hidden_size", 1, max_hidden_size);
  config.intermediate_size = text.integer("intermediate_size", 1, max_intermediate_size);
  config.num_hidden_layers = text.integer("num_hidden_layers", 1, max_layers);
  config.vocab_size = text.integer("vocab_size", 1, max_vocab_size);
  config.num_attention_heads = text.integer("num_attention_heads", 1, max_heads);
  config.num_key_value_heads = text.integer("num_key_value_heads", 1, max_heads);
  config.head_dim = text.integer("head_dim", 2, max_head_dim);
  config.linear_num_key_heads = text.integer("linear_num_key_heads", 1, max_heads);
  config.linear_num_value_heads = text.integer("linear_num_value_heads", 1, max_heads);
  config.linear_key_head_dim = text.integer("linear_key_head_dim", 1, max_head_dim);
  config.linear_value_head_dim = text.integer("linear_value_head_dim", 1, max_head_dim);
  config.linear_conv_kernel_dim = text.integer("linear_conv_kernel_dim", 1, max_conv_kernel);
  config.max_position_embeddings = text.integer("max_position_embeddings", 1, max_positions);
  config.rms_norm_eps = text.number("rms_norm_eps", 1e-30, 1);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    text.fail("num_key_value_heads",
              fmt::format("a divisor of num_attention_heads {}", config.num_attention_heads));
  }
  if (config.linear_num_value_heads % config.linear_num_key_heads != 0) {
    text.fail("linear_num_key_heads",
              fmt::format("a divisor of linear_num_value_heads {}", config.linear_num_value_heads));
  }
}

// What the family fixes; another value would need other maths.
void check_fixed(const JsonObject& text) {
  const std::string act = text.text("hidden_act", "silu");
  if (act != "silu" && act != "swish") text.fail("hidden_act", "silu");
  if (text.flag("attention_bias", false)) text.fail("attention_bias", "false");
  if (!text.flag("attn_output_gate", true)) text.fail("attn_output_gate", "true");
  if (text.flag("mtp_use_dedicated_embeddings", false)) {
    text.fail("mtp_use_dedicated_embeddings", "false");
  }
}

OutputGate read_output_gate(const JsonObject& text) {
  const std::string type = text.text("output_gate_type", "silu");
  if (type == "silu" || type == "swish") return OutputGate::silu;
  if (type != "sigmoid") text.fail("output_gate_type", "silu, swish or sigmoid");
  return OutputGate::sigmoid;
}

std::vector<MixerKind> read_layer_types(const JsonObject& text, int64_t layers) {
  std::vector<MixerKind> types;
  if (!text.has("layer_types")) {
    const int64_t interval = text.integer("full_attention_interval", 1, max_layers, 4);
    for (int64_t i = 0; i < layers; ++i) {
      types.push_back((i + 1) % interval == 0 ? MixerKind::full_attention
                                              : MixerKind::linear_attention);
    }
    return types;
  }
  for (const std::string& type : text.texts("layer_types")) {
    if (type != "linear_attention" && type != "full_attention") {
      text.fail("layer_types",
                fmt::format("linear_attention and full_attention only, found '{}'", escaped(type)));
    }
    types.push_back(type == "full_attention" ? MixerKind::full_attention
                                             : MixerKind::linear_attention);
  }
  if (static_cast<int64_t>(types.size()) != layers) {
    text.fail("layer_types", fmt::format("{} entries, one a layer", layers));
  }
  return types;
}

// rope_parameters (transformers 5), rope_scaling (4), or the keys directly in the text config.
JsonObject rope_of(const JsonObject& text) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (text.has(key)) return text.object(key);
  }
  return text;
}

// Interleaved multimodal sections. Text alone gives all three the same position, so that a missing
// key changes nothing.
std::array<int64_t, 3> read_mrope_section(const JsonObject& rope, int64_t pairs) {
  if (!rope.has("mrope_section")) return {pairs, 0, 0};
  const auto sections = rope.integers("mrope_section", 0, max_head_dim);
  if (sections.size() != 3 || sections[0] + sections[1] + sections[2] != pairs) {
    rope.fail("mrope_section", fmt::format("three numbers with sum {} (rotary pairs)", pairs));
  }
  return {sections[0], sections[1], sections[2]};
}

void read_rope(const JsonObject& text, ModelConfig& config) {
  const JsonObject rope = rope_of(text);
  const char* type_key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.text(type_key, "default");
  if (type != "default" && type != "mrope") {
    rope.fail(type_key, "default (no other rope scaling is supported; remove the override)");
  }
  config.rope_theta = (rope.has("rope_theta") ? rope : text).number("rope_theta", 1, 1e15);
  const double factor = (rope.has("partial_rotary_factor") ? rope : text)
                            .number("partial_rotary_factor", 0, 1, 0.25);  // as transformers
  config.rotary_dim =
      static_cast<int64_t>(std::floor(static_cast<double>(config.head_dim) * factor));
  if (config.rotary_dim < 2 || config.rotary_dim % 2 != 0) {
    text.fail("head_dim", fmt::format("head_dim * partial_rotary_factor even and positive, got {}",
                                      config.rotary_dim));
  }
  config.mrope_section =
      read_mrope_section(rope.has("mrope_section") ? rope : text, config.rotary_dim / 2);
}

// Appends eos_token_id of `object`, an integer or a list, without repeats.
void add_eos(const JsonObject& object, int64_t vocab_size, std::vector<int32_t>& ids) {
  const Json* value = object.find("eos_token_id");
  if (value == nullptr) return;
  const auto found = value->is_array()
                         ? object.integers("eos_token_id", 0, vocab_size - 1)
                         : std::vector<int64_t>{object.integer("eos_token_id", 0, vocab_size - 1)};
  for (const int64_t id : found) {
    const auto token = static_cast<int32_t>(id);
    if (std::find(ids.begin(), ids.end(), token) == ids.end()) ids.push_back(token);
  }
}

// The object of generation_config.json; an empty one when there is no such file.
Json read_generation_config(const std::filesystem::path& dir) {
  const auto path = dir / "generation_config.json";
  return is_present(path) ? read_json_object(path) : Json::object();
}

}  // namespace

ModelConfig read_model_config(const std::filesystem::path& dir) {
  const auto path = dir / "config.json";
  const Json json = read_json_object(path);
  const JsonObject top(json, shown(path));
  const Json generation_json = read_generation_config(dir);
  const JsonObject generation(generation_json, shown(dir / "generation_config.json"));

  ModelConfig config;
  config.architecture = architecture_of(top);
  const JsonObject text = top.has("text_config") ? top.object("text_config") : top;
  check_text_model_type(text);
  check_fixed(text);
  read_sizes(text, config);
  config.layer_types = read_layer_types(text, config.num_hidden_layers);
  config.output_gate_type = read_output_gate(text);
  read_rope(text, config);
  config.mtp_num_hidden_layers = text.integer("mtp_num_hidden_layers", 0, 1, 0);
  config.tie_word_embeddings =
      (top.has("tie_word_embeddings") ? top : text).flag("tie_word_embeddings", false);
  add_eos(generation, config.vocab_size, config.eos_token_ids);
  add_eos(top, config.vocab_size, config.eos_token_ids);
  add_eos(text, config.vocab_size, config.eos_token_ids);
  return config;
}

GenerationDefaults read_generation_defaults(const std::filesystem::path& dir) {
  const Json json = read_generation_config(dir);
  const JsonObject generation(json, shown(dir / "generation_config.json"));
  GenerationDefaults defaults;
  defaults.do_sample = generation.flag("do_sample", defaults.do_sample);
  defaults.temperature = generation.number("temperature", 0, 1000, defaults.temperature);
  defaults.top_p = generation.number("top_p", 0, 1, defaults.top_p);
  defaults.min_p = generation.number("min_p", 0, 1, defaults.min_p);
  defaults.top_k = std::max<int64_t>(
      0, generation.integer("top_k", -1, max_vocab_size, defaults.top_k));  // -1 is off too
  return defaults;
}

}  // namespace quantrial
