// Keys of quantization_config: those of real files are accepted, what nobody has heard of is named.
#include "formats/config_keys.h"

#include "formats/model_folder.h"
#include "formats/quantization_config.h"

namespace quantrial {
namespace {

class ConfigKeys : public ModelFolder {
 protected:
  std::string error_of(const Json& json) {
    config(json);
    try {
      QuantizationConfig::read(dir_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  // Refused for `key`, which stands at `path` ("/config_groups/g/weights/x"), unless it says
  // nothing.
  void expect_refused(Json json, const std::string& path, const Json& value,
                      const std::string& name) {
    ASSERT_EQ(error_of(json), "");
    const Json::json_pointer place(path);
    json[place] = value;
    const std::string message = error_of(json);
    EXPECT_NE(message.find("quantization_config." + name + ": "), std::string::npos)
        << path << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    std::vector<Json> nothings = {nullptr};
    if (path.ends_with("unheard_of"))
      nothings = {nullptr, false, "", Json::object(), Json::array()};
    for (const Json& nothing : nothings) {
      json[place] = nothing;
      EXPECT_EQ(error_of(json), "") << path << ": " << nothing;
    }
  }
};

// As llm-compressor with compressed-tensors 0.9 wrote it: every key spelled out.
Json old_compressed_tensors() {
  const Json weights = {{"num_bits", 4},          {"type", "int"},
                        {"symmetric", false},     {"strategy", "group"},
                        {"group_size", 32},       {"dynamic", false},
                        {"actorder", "static"},   {"block_structure", nullptr},
                        {"observer", "minmax"},   {"observer_kwargs", Json::object()},
                        {"scale_dtype", nullptr}, {"zp_dtype", "torch.int8"}};
  return {{"quant_method", "compressed-tensors"},
          {"version", "0.9.1"},
          {"format", "pack-quantized"},
          {"quantization_status", "compressed"},
          {"global_compression_ratio", 1.8},
          {"kv_cache_scheme", nullptr},
          {"ignore", {"lm_head"}},
          {"sparsity_config", Json::object()},
          {"transform_config", Json::object()},
          {"config_groups",
           {{"g",
             {{"targets", {"Linear"}},
              {"format", nullptr},
              {"input_activations", nullptr},
              {"output_activations", nullptr},
              {"weights", weights}}}}}};
}

TEST_F(ConfigKeys, CompressedTensors) {
  const Json json = old_compressed_tensors();
  expect_refused(json, "/kv_cache_scheme", {{"num_bits", 8}, {"type", "float"}}, "kv_cache_scheme");
  expect_refused(json, "/unheard_of", 1, "unheard_of");
  expect_refused(json, "/config_groups/g/unheard_of", "x", "config_groups.g.unheard_of");
  expect_refused(json, "/config_groups/g/weights/unheard_of", true,
                 "config_groups.g.weights.unheard_of");
  // auto-round 0.16.1 for Gaudi 2: another FP8 range.
  EXPECT_NE(error_of({{"quant_method", "compressed-tensors"},
                      {"format", "float-quantized"},
                      {"fp8_dtype_flavor", "gaudi2"},
                      {"config_groups", Json::object()}})
                .find("fp8_dtype_flavor"),
            std::string::npos);
}

TEST_F(ConfigKeys, CompressedTensorsInputs) {
  const Json token = {{"num_bits", 8}, {"type", "float"}, {"strategy", "token"}, {"dynamic", true}};
  Json json = {{"quant_method", "compressed-tensors"}, {"format", "float-quantized"}};
  json["config_groups"]["g"] = {
      {"targets", {"Linear"}},
      {"weights", {{"num_bits", 8}, {"type", "float"}, {"strategy", "channel"}}},
      {"input_activations", token}};
  expect_refused(json, "/config_groups/g/input_activations/unheard_of", 1,
                 "config_groups.g.input_activations.unheard_of");
  expect_refused(json, "/config_groups/g/input_activations/symmetric", false,
                 "config_groups.g.input_activations.symmetric");
}

// auto-round: what differs from its defaults is written, by whichever version.
TEST_F(ConfigKeys, AutoRound) {
  const Json json = {{"quant_method", "intel/auto-round"},
                     {"backend", "auto_round:gptq:exllamav2"},
                     {"autoround_version", "0.4.2"},
                     {"bits", 4},
                     {"group_size", 128},
                     {"sym", true},
                     {"data_type", "int"},
                     {"iters", 1000},
                     {"nsamples", 512},
                     {"seqlen", 4096},
                     {"lr", 0.001},
                     {"minmax_lr", 0.001},
                     {"batch_size", 4},
                     {"dataset", "NeelNanda/pile-10k"},
                     {"enable_minmax_tuning", true},
                     {"enable_quanted_input", true},
                     {"gradient_accumulate_steps", 2},
                     {"scale_dtype", "torch.float16"},
                     {"amp", true},
                     {"low_gpu_mem_usage", true},
                     {"model_free", true},
                     {"quant_block_list", {{"model.layers.0", "model.layers.1"}}},
                     {"to_quant_block_names", "model.layers"},
                     {"static_kv_granularity", "tensor"},
                     {"static_attention_granularity", "tensor"},
                     {"extra_config", {{"lm_head", {{"bits", 16}, {"data_type", "float"}}}}}};
  expect_refused(json, "/static_kv_dtype", "fp8", "static_kv_dtype");
  expect_refused(json, "/super_bits", 6, "super_bits");
  expect_refused(json, "/rotation_config", {{"block_size", 32}}, "rotation_config");
  expect_refused(json, "/extra_config/lm_head/super_group_size", 8,
                 "extra_config.lm_head.super_group_size");
}

TEST_F(ConfigKeys, AutoRoundNvfp4Inputs) {
  const Json json = {{"quant_method", "auto-round"},
                     {"packing_format", "auto_round:llm_compressor"},
                     {"bits", 4},
                     {"group_size", 16},
                     {"sym", true},
                     {"data_type", "nv_fp"},
                     {"act_bits", 4},
                     {"act_data_type", "nv_fp4_with_static_gs"},
                     {"act_dynamic", true},
                     {"act_group_size", 16},
                     {"act_sym", true}};
  expect_refused(json, "/act_dynamic", false, "act_dynamic");
  expect_refused(json, "/act_group_size", 32, "act_group_size");
  expect_refused(json, "/sym", false, "sym");
}

// GPTQModel 7.7.0 and AutoGPTQ.
TEST_F(ConfigKeys, Gptq) {
  const Json json = {{"quant_method", "gptq"},
                     {"method", "gptq"},
                     {"bits", 4},
                     {"group_size", 128},
                     {"desc_act", false},
                     {"sym", true},
                     {"lm_head", false},
                     {"format", "gptq"},
                     {"checkpoint_format", "gptq"},
                     {"pack_dtype", "int32"},
                     {"is_marlin_format", false},
                     {"damp_percent", 0.05},
                     {"static_groups", false},
                     {"true_sequential", true},
                     {"model_name_or_path", "x"},
                     {"model_file_base_name", "model"},
                     {"dynamic", {{"+:.*down", {{"group_size", 32}}}}},
                     {"meta", {{"quantizer", {"gptqmodel:7.7.0"}}, {"mse", 0.0}}}};
  expect_refused(json, "/rotation", "hadamard", "rotation");
  expect_refused(json, "/adapter", {{"name", "lora"}}, "adapter");
  expect_refused(json, "/is_marlin_format", true, "is_marlin_format");
  expect_refused(json, "/pack_dtype", "int16", "pack_dtype");
  expect_refused(json, "/dynamic/+:.*down/unheard_of", 1, "dynamic.+:.*down.unheard_of");
}

// AutoAWQ's own names, and those of transformers' AwqConfig with everything it inherits.
TEST_F(ConfigKeys, Awq) {
  EXPECT_EQ(error_of({{"quant_method", "awq"},
                      {"zero_point", true},
                      {"q_group_size", 128},
                      {"w_bit", 4},
                      {"version", "GEMM"},
                      {"modules_to_not_convert", nullptr}}),
            "");
  const Json json = {{"quant_method", "awq"},
                     {"bits", 4},
                     {"group_size", 128},
                     {"zero_point", true},
                     {"version", "gemm"},
                     {"backend", "autoawq"},
                     {"do_fuse", false},
                     {"exllama_config", {{"version", 2}}},
                     {"fuse_max_seq_len", 512},
                     {"modules_to_fuse", {{"mlp", {"gate_proj"}}}},
                     {"modules_to_not_convert", {"visual"}},
                     {"damp_percent", 0.1},
                     {"true_sequential", true}};
  expect_refused(json, "/unheard_of", "x", "unheard_of");
  expect_refused(json, "/dynamic", {{"-:.*mtp.*", Json::object()}}, "dynamic");
}

TEST_F(ConfigKeys, Fp8) {
  const Json json = {{"quant_method", "fp8"}, {"activation_scheme", "dynamic"},
                     {"fmt", "e4m3"},         {"weight_block_size", {128, 128}},
                     {"dequantize", false},   {"modules_to_convert", nullptr},
                     {"expert_dtype", "fp8"}, {"scale_fmt", "float"}};
  expect_refused(json, "/kv_cache_scheme", "static", "kv_cache_scheme");
  expect_refused(json, "/weight_scale_semantics", "inverse", "weight_scale_semantics");
}

// ModelOpt 0.47.0: hf_quant_config.json, and what convert_hf_config makes of it for config.json.
TEST_F(ConfigKeys, ModelOpt) {
  const Json group = {{"weights", {{"num_bits", 4}, {"type", "float"}, {"group_size", 16}}},
                      {"targets", {"Linear"}}};
  const Json json = {{"quant_method", "modelopt"},
                     {"quant_algo", "NVFP4"},
                     {"producer", {{"name", "modelopt"}, {"version", "0.47.0"}}},
                     {"config_groups", {{"group_0", group}}},
                     {"ignore", {"lm_head"}},
                     {"kv_cache_scheme", {{"dynamic", false}, {"num_bits", 8}, {"type", "float"}}}};
  expect_refused(json, "/lora_rank", 32, "lora_rank");
  expect_refused(json, "/pre_quant_scale", true, "pre_quant_scale");
  config(json);
  EXPECT_EQ(QuantizationConfig::read(dir_).kv_cache(), "FP8");

  config({{"quant_method", "modelopt"}, {"quant_algo", "W4A16_NVFP4"}});
  EXPECT_EQ(describe(*QuantizationConfig::read(dir_).scheme("x")), "nvfp4");

  config(Json::object());
  const Json own = {{"producer", {{"name", "modelopt"}}},
                    {"quantization",
                     {{"quant_algo", "MIXED_PRECISION"},
                      {"kv_cache_quant_algo", "FP8"},
                      {"quantized_layers",
                       {{"a", {{"quant_algo", "NVFP4"}, {"group_size", 16}}},
                        {"b", {{"quant_algo", "FP8"}, {"has_zero_point", false}}}}}}}};
  std::ofstream(dir_ / "hf_quant_config.json") << own;
  EXPECT_EQ(QuantizationConfig::read(dir_).kv_cache(), "FP8");
}

}  // namespace
}  // namespace quantrial
