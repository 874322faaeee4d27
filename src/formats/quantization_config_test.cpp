// quantization_config in the spellings of the tools, old and new, and the names that its lists use.
#include "formats/quantization_config.h"

#include "formats/model_folder.h"

namespace quantrial {
namespace {

const std::string layer0 = "model.language_model.layers.0.";

TEST(ModulePattern, MeansWholeComponentsUnderEitherPrefix) {
  const auto lm_head = ModulePattern::name("lm_head");
  EXPECT_TRUE(lm_head.matches("lm_head"));
  EXPECT_FALSE(lm_head.matches("lm_head2"));
  EXPECT_TRUE(ModulePattern::name("visual").matches("model.visual.blocks.0.attn.qkv"));
  const auto gate = ModulePattern::name("model.layers.0.mlp.gate_proj");
  EXPECT_TRUE(gate.matches(layer0 + "mlp.gate_proj"));
  EXPECT_FALSE(gate.matches(layer0 + "mlp.up_proj"));
  EXPECT_TRUE(ModulePattern::name(layer0 + "mlp").matches("model.layers.0.mlp.up_proj"));
  EXPECT_FALSE(ModulePattern::name("model.layers.1").matches("model.layers.10.mlp.up_proj"));
  EXPECT_FALSE(ModulePattern::name("").matches("lm_head"));
}

TEST(ModulePattern, FusedNamesStandForTheirMembers) {
  const auto ba = ModulePattern::name("model.layers.0.linear_attn.in_proj_ba");
  EXPECT_TRUE(ba.matches(layer0 + "linear_attn.in_proj_a"));
  EXPECT_TRUE(ba.matches(layer0 + "linear_attn.in_proj_b"));
  EXPECT_FALSE(ba.matches(layer0 + "linear_attn.in_proj_z"));
  EXPECT_TRUE(
      ModulePattern::target("re:.*in_proj_qkvz$").matches(layer0 + "linear_attn.in_proj_z"));
  EXPECT_TRUE(ModulePattern::wildcard("*qkv_proj").matches(layer0 + "self_attn.k_proj"));
  EXPECT_TRUE(ModulePattern::wildcard("*.gate_up_proj").matches(layer0 + "mlp.up_proj"));
  const auto b = ModulePattern::target("re:.*in_proj_b");  // must not mean a through in_proj_ba
  EXPECT_TRUE(b.matches(layer0 + "linear_attn.in_proj_b"));
  EXPECT_FALSE(b.matches(layer0 + "linear_attn.in_proj_a"));
}

TEST(ModulePattern, RegexesMatchFromTheStartAndWildcardsWhole) {
  EXPECT_TRUE(ModulePattern::target("re:^mtp.*").matches("mtp.fc"));
  EXPECT_TRUE(ModulePattern::target("re:mtp").matches("mtp.fc"));
  EXPECT_FALSE(ModulePattern::target("re:fc").matches("mtp.fc"));
  EXPECT_TRUE(ModulePattern::regex_search("fc$").matches("mtp.fc"));
  EXPECT_TRUE(ModulePattern::target("re:^(?!.*visual).*").matches("lm_head"));
  EXPECT_FALSE(ModulePattern::wildcard("mtp*x").matches("mtp.fc"));
  EXPECT_TRUE(ModulePattern::wildcard("m?p.*").matches("mtp.fc"));
  EXPECT_FALSE(ModulePattern::wildcard("mtp.f.").matches("mtp.fc")) << "a dot is a dot";
  EXPECT_TRUE(ModulePattern::target("Linear").matches("lm_head"));
  EXPECT_FALSE(ModulePattern::target("Linear").matches("model.language_model.embed_tokens"));
  EXPECT_THROW(ModulePattern::target("re:("), Error);
  EXPECT_THROW(ModulePattern::target("re:(a*)*(a*)*(a*)*$").matches(std::string(60, 'a') + "b"),
               Error)
      << "a runaway regex";
}

class Config : public ModelFolder {
 protected:
  QuantizationConfig read(const Json& json) {
    config(json);
    return QuantizationConfig::read(dir_);
  }
  void expect_refused(const Json& json, const std::string& part) {
    std::string message = "no error";
    try {
      read(json);
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  static std::string described(const QuantizationConfig& config, const std::string& module) {
    const auto scheme = config.scheme(module);
    return scheme ? describe(*scheme) : "16-bit";
  }
};

Json group(const Json& weights, const Json& inputs, const Json& targets = {"Linear"}) {
  return {{"weights", weights}, {"input_activations", inputs}, {"targets", targets}};
}
Json compressed(const Json& groups, const std::string& format = "mixed-precision") {
  return {{"quant_method", "compressed-tensors"}, {"format", format}, {"config_groups", groups}};
}
const Json int4 = {{"num_bits", 4}, {"type", "int"}, {"group_size", 128}};
const Json fp8_block = {
    {"num_bits", 8}, {"type", "float"}, {"strategy", "block"}, {"block_structure", {128, 128}}};
const Json fp8_token = {
    {"num_bits", 8}, {"type", "float"}, {"strategy", "token"}, {"dynamic", true}};
const Json nvfp4 = {
    {"num_bits", 4}, {"type", "float"}, {"strategy", "tensor_group"}, {"group_size", 16}};

TEST_F(Config, CompressedTensorsPicksExactNamesBeforeRegexesBeforeClasses) {
  Json json = compressed({{"a", group(int4, nullptr)},
                          {"b", group(fp8_block, fp8_token, {"re:.*mlp.*"})},
                          {"c", group(nvfp4, nullptr, {"model.layers.0.mlp.up_proj"})}});
  json["ignore"] = {"lm_head", "re:.*in_proj_[ab]$", "re:^mtp.*"};
  json["sparsity_config"] = Json::object();
  json["transform_config"] = nullptr;
  const QuantizationConfig config = read(json);
  EXPECT_EQ(described(config, layer0 + "self_attn.q_proj"), "int4 g128 symmetric");
  EXPECT_EQ(described(config, layer0 + "mlp.down_proj"), "fp8 128x128, inputs fp8 dynamic g*");
  EXPECT_EQ(described(config, layer0 + "mlp.up_proj"), "nvfp4");
  EXPECT_EQ(described(config, layer0 + "linear_attn.in_proj_a"), "16-bit");
  EXPECT_EQ(described(config, "lm_head"), "16-bit");
  EXPECT_EQ(described(config, "mtp.fc"), "16-bit");
  // The ignore list was wrong: the only int4 scheme is what packed tensors mean.
  EXPECT_EQ(config.scheme_for("mtp.fc", Scheme::Weights::int4)->group_size, 128);
}

TEST_F(Config, CompressedTensorsNamesWhatItDoesNotRead) {
  const auto with = [](Json base, const char* key, const Json& value) {
    base[key] = value;
    return base;
  };
  expect_refused(compressed({{"g", group(with(int4, "num_bits", 8), nullptr)}}),
                 "config_groups.g.weights.num_bits: 8, expected 4");
  expect_refused(compressed({{"g", group(int4, nullptr)}}, "int-quantized"),
                 "format: 'int-quantized', expected");
  expect_refused(compressed({{"g", group(int4, nullptr)}}, "float-quantized"), "pack-quantized");
  expect_refused(compressed({{"g", group(with(int4, "group_size", 24), nullptr)}}),
                 "group_size: 24, expected -1 (whole row) or a multiple of 16");
  expect_refused(compressed({{"g", group(int4, fp8_token)}}), "null for int4 weights");
  expect_refused(compressed({{"g", group(nvfp4, with(nvfp4, "dynamic", true))}}),
                 "float of 4 bits, strategy 'tensor_group', dynamic true is not supported");
  expect_refused(compressed({{"g", group(with(nvfp4, "group_size", 32), nullptr)}}),
                 "group_size: 32, expected 16");
  expect_refused(with(compressed(Json::object()), "sparsity_config", {{"format", "sparse"}}),
                 "sparsity_config.format");
  expect_refused(with(compressed(Json::object()), "transform_config", {{"config_groups", {1}}}),
                 "rotations");
  expect_refused(compressed({{"g", group(int4, nullptr, {"re:["})}}), "regex 're:['");
  expect_refused({{"quant_method", "bitsandbytes"}}, "quant_method: 'bitsandbytes', expected");
  expect_refused({{"bits", 4}}, "quant_method: absent");
}

TEST_F(Config, AutoRoundLooksUpNamesThenRegexesThenBlocks) {
  Json json = {{"quant_method", "auto-round"},
               {"packing_format", "auto_round:auto_gptq"},
               {"bits", 4},
               {"group_size", 128},
               {"sym", true},
               {"data_type", "int"},
               {"block_name_to_quantize", {"model.language_model.layers", "mtp.layers"}},
               {"extra_config",
                {{".*mlp.*", {{"group_size", 32}}},
                 {layer0 + "mlp.up_proj", {{"bits", 16}, {"data_type", "fp"}}},
                 {"mtp.fc", {{"bits", 16}}}}}};
  const QuantizationConfig config = read(json);
  EXPECT_EQ(config.container(), Container::gptq);
  EXPECT_EQ(described(config, layer0 + "self_attn.q_proj"), "int4 g128 symmetric");
  EXPECT_EQ(described(config, layer0 + "mlp.down_proj"), "int4 g32 symmetric");
  EXPECT_EQ(described(config, layer0 + "mlp.up_proj"), "16-bit");
  EXPECT_EQ(described(config, "mtp.layers.0.self_attn.q_proj"), "int4 g128 symmetric");
  EXPECT_EQ(described(config, "lm_head"), "16-bit");

  json["packing_format"] = "auto_round:awq";
  json["block_name_to_quantize"] = "model.layers,mtp.layers";
  EXPECT_EQ(read(json).container(), Container::awq);
  EXPECT_EQ(described(read(json), layer0 + "self_attn.q_proj"), "int4 g128 symmetric");
  json["packing_format"] = "auto_round:exotic";
  expect_refused(json, "packing_format: 'auto_round:exotic', expected");
  json.erase("packing_format");
  json["backend"] = "auto_round:gptq:exllamav2";
  EXPECT_EQ(read(json).container(), Container::gptq) << "old spelling";
  json["extra_config"] = {{"x", {{"bits", 8}}}};
  expect_refused(json, "extra_config.x.bits: 8, expected 4 or 16");
  json["extra_config"] = {{"x(", {{"bits", 16}}}};
  expect_refused(json, "regex 'x('");
}

TEST_F(Config, AutoRoundNvfp4IsReadFromItsOwnFileToo) {
  const Json json = {{"quant_method", "auto-round"},
                     {"packing_format", "auto_round:llm_compressor"},
                     {"bits", 4},
                     {"group_size", 16},
                     {"data_type", "nv_fp"},
                     {"act_bits", 4},
                     {"act_data_type", "nv_fp4_with_static_gs"}};
  config(Json::object());
  std::ofstream(dir_ / "quantization_config.json") << json;
  EXPECT_EQ(described(QuantizationConfig::read(dir_), "x"), "nvfp4, inputs nvfp4 local");
}

TEST_F(Config, Fp8IgnoresByEitherKey) {
  Json json = {{"quant_method", "fp8"},
               {"activation_scheme", "dynamic"},
               {"fmt", "e4m3"},
               {"weight_block_size", {128, 128}},
               {"scale_fmt", "ue8m0"},
               {"modules_to_not_convert", {"visual", "model.layers.0.linear_attn.in_proj_ba"}},
               {"ignored_layers", {"lm_head"}}};
  const QuantizationConfig config = read(json);
  EXPECT_EQ(described(config, layer0 + "mlp.up_proj"), "fp8 128x128, inputs fp8 dynamic g128");
  EXPECT_EQ(described(config, layer0 + "linear_attn.in_proj_a"), "16-bit");
  EXPECT_EQ(described(config, "model.visual.blocks.0.attn.qkv"), "16-bit");
  EXPECT_EQ(described(config, "lm_head"), "16-bit");
  json["fmt"] = "e5m2";
  expect_refused(json, "fmt: 'e5m2', expected e4m3");
  json["fmt"] = nullptr;
  json["activation_scheme"] = "mixed";
  expect_refused(json, "activation_scheme: 'mixed'");
}

TEST_F(Config, ModelOptMixesAndExcludesByWildcard) {
  const Json quantization = {{"quant_algo", "MIXED_PRECISION"},
                             {"exclude_modules", {"*linear_attn*", "lm_head"}},
                             {"quantized_layers",
                              {{"model.layers.0.mlp.up_proj", {{"quant_algo", "NVFP4"}}},
                               {"model.layers.0.self_attn*", {{"quant_algo", "FP8"}}}}}};
  config(Json::object());
  std::ofstream(dir_ / "hf_quant_config.json") << Json{{"quantization", quantization}};
  const auto config = QuantizationConfig::read(dir_);
  EXPECT_EQ(described(config, layer0 + "mlp.up_proj"), "nvfp4, inputs nvfp4 local");
  EXPECT_EQ(described(config, layer0 + "self_attn.q_proj"), "fp8 *x*, inputs fp8 static");
  EXPECT_EQ(described(config, layer0 + "linear_attn.in_proj_a"), "16-bit");
  EXPECT_EQ(described(config, layer0 + "mlp.down_proj"), "16-bit");
  expect_refused({{"quant_method", "modelopt"}, {"quant_algo", "W4A8_AWQ"}},
                 "quant_algo: 'W4A8_AWQ', expected NVFP4");
}

TEST_F(Config, GptqModelOverridesByRegex) {
  const QuantizationConfig config =
      read({{"quant_method", "gptq"},
            {"bits", 4},
            {"group_size", -1},
            {"sym", true},
            {"dynamic", {{"-:.*mtp.*", Json::object()}, {"+:.*down_proj", {{"group_size", 32}}}}}});
  EXPECT_EQ(described(config, layer0 + "mlp.up_proj"), "int4 g* symmetric");
  EXPECT_EQ(described(config, layer0 + "mlp.down_proj"), "int4 g32 symmetric");
  EXPECT_EQ(described(config, "mtp.layers.0.mlp.up_proj"), "16-bit");
  EXPECT_EQ(described(config, "lm_head"), "16-bit");
  expect_refused({{"quant_method", "gptq"}, {"bits", 3}}, "bits: 3, expected 4");
  expect_refused({{"quant_method", "awq"}, {"bits", 4}, {"version", "gemv"}},
                 "version: 'gemv', expected gemm");
}

}  // namespace
}  // namespace quantrial
