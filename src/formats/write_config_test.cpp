#include "formats/write_config.h"

#include <functional>

#include "formats/model_folder.h"
#include "formats/module_class.h"
#include "formats/test_schemes.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

using namespace test_schemes;

using Choose = std::function<std::optional<Scheme>(const std::string&)>;

// The modules of the family: four layers, the MTP head, a vision tower, all with `choose`'s scheme.
std::vector<ModuleScheme> family(const Choose& choose,
                                 const std::string& prefix = "model.language_model.") {
  std::vector<std::string> names = {prefix + "embed_tokens",
                                    "lm_head",
                                    "mtp.fc",
                                    "model.visual.pos_embed",
                                    "model.visual.blocks.0.attn.qkv",
                                    "model.visual.merger.linear_fc1"};
  const auto add = [&](const std::string& layer, bool full) {
    for (const char* name : {"gate_proj", "up_proj", "down_proj"})
      names.push_back(layer + "mlp." + name);
    const std::string mixer = layer + (full ? "self_attn." : "linear_attn.");
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      if (full) names.push_back(mixer + name);
    }
    for (const char* name : {"in_proj_qkv", "in_proj_z", "in_proj_a", "in_proj_b", "out_proj"}) {
      if (!full) names.push_back(mixer + name);
    }
  };
  for (int n = 0; n < 12; ++n) add(prefix + "layers." + std::to_string(n) + ".", n % 4 == 3);
  add("mtp.layers.0.", true);
  std::vector<ModuleScheme> modules;
  for (const std::string& name : names) {
    const bool layer = name.find("layers.") != std::string::npos;
    modules.push_back({name, layer ? choose(name) : std::nullopt});
  }
  return modules;
}

bool ends_with_any(const std::string& name, std::initializer_list<const char*> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](const char* e) { return name.ends_with(e); });
}
bool is_mtp(const std::string& name) { return name.starts_with("mtp."); }

// What the recipes keep.
std::optional<Scheme> keep_gates(const std::string& name, const Scheme& scheme) {
  return is_mtp(name) || ends_with_any(name, {"in_proj_a", "in_proj_b"}) ? std::nullopt
                                                                         : std::optional(scheme);
}

class WriteConfig : public ModelFolder {
 protected:
  // What our reader makes of it is what was said, module by module.
  void expect_read_back(OutputContainer container, const std::vector<ModuleScheme>& modules) {
    config(Json(quantization_config(container, modules)));
    const QuantizationConfig read = QuantizationConfig::read(dir_);
    for (const ModuleScheme& m : modules) {
      if (m.module.ends_with("embed_tokens") || m.module.ends_with("pos_embed")) continue;
      EXPECT_EQ(read.scheme(m.module), m.scheme) << name(container) << " " << m.module;
    }
  }
};

TEST_F(WriteConfig, SchemesOfEveryModuleAreReadBack) {
  for (const char* prefix : {"model.language_model.", "model."}) {
    const auto gates_kept = [&](const Scheme& scheme) {
      return family([&](const std::string& name) { return keep_gates(name, scheme); }, prefix);
    };
    expect_read_back(OutputContainer::auto_round, gates_kept(int4_g128));
    expect_read_back(OutputContainer::auto_round, gates_kept(nvfp4));
    expect_read_back(OutputContainer::fp8, gates_kept(fp8));
    for (const Scheme& scheme : {int4_g128, int4_g32, fp8, nvfp4}) {
      expect_read_back(OutputContainer::compressed_tensors, gates_kept(scheme));
      expect_read_back(OutputContainer::compressed_tensors,
                       family([&](const std::string&) { return std::optional(scheme); }, prefix));
    }
  }
}

TEST_F(WriteConfig, AGroupMayBeTheWholeRow) {
  const auto modules = family([](const std::string& name) {
    return keep_gates(name, {.weights = Scheme::Weights::int4, .group_size = 0});
  });
  expect_read_back(OutputContainer::auto_round, modules);
  expect_read_back(OutputContainer::compressed_tensors, modules);
}

TEST_F(WriteConfig, MtpMayBeQuantizedToo) {
  const auto modules = family([](const std::string& name) {
    return ends_with_any(name, {"in_proj_a", "in_proj_b"}) ? std::nullopt
                                                           : std::optional(int4_g128);
  });
  expect_read_back(OutputContainer::auto_round, modules);
  const auto config = quantization_config(OutputContainer::auto_round, modules);
  EXPECT_EQ(config["block_name_to_quantize"],
            (ordered_json{"model.language_model.layers", "mtp.layers"}));
  EXPECT_EQ(config["extra_config"]["mtp.fc"], (ordered_json{{"bits", 16}, {"data_type", "fp"}}));
  const auto compressed = quantization_config(OutputContainer::compressed_tensors, modules);
  for (const std::string entry : compressed["ignore"]) EXPECT_NE(entry, "re:^mtp.*");
}

TEST_F(WriteConfig, SchemesMayDifferFromLayerToLayer) {
  const auto modules = family([](const std::string& name) -> std::optional<Scheme> {
    if (is_mtp(name) || name.ends_with("out_proj")) return std::nullopt;
    if (name.find(".layers.1.") != std::string::npos ||
        name.find(".layers.11.") != std::string::npos) {
      return int4_g32;
    }
    return name.find("mlp") != std::string::npos ? nvfp4 : fp8;
  });
  expect_read_back(OutputContainer::compressed_tensors, modules);
  const auto config = quantization_config(OutputContainer::compressed_tensors, modules);
  EXPECT_EQ(config["format"], "mixed-precision");
  EXPECT_EQ(config["config_groups"]["group_0"]["format"], "nvfp4-pack-quantized");
  EXPECT_THROW(quantization_config(OutputContainer::fp8, modules), Error);
  EXPECT_THROW(quantization_config(OutputContainer::auto_round, modules), Error);
  // Group sizes are all that auto-round can mix.
  Scheme narrow = int4_g128;
  narrow.group_size = 32;
  expect_read_back(OutputContainer::auto_round, family([&](const std::string& name) {
                     return keep_gates(name,
                                       name.find("mlp") != std::string::npos ? narrow : int4_g128);
                   }));
}

// vLLM's should_ignore_layer and SGLang's, without and with the map of fused names.
bool ignored_as_vllm(const ordered_json& ignore, const std::string& layer, bool knows_fused) {
  const auto matches = [&](const std::string& name) {
    return std::any_of(ignore.begin(), ignore.end(), [&](const std::string& entry) {
      return entry.starts_with("re:") ? ModulePattern::regex_match(entry.substr(3)).matches(name)
                                      : entry == name;
    });
  };
  const bool listed = std::find(ignore.begin(), ignore.end(), layer) != ignore.end();
  for (const FusedGroup& group : fused_groups) {
    if (!knows_fused || listed || last_component(layer) != group.fused) continue;
    const std::string parent = layer.substr(0, layer.size() - group.fused.size());
    return matches(parent + std::string(group.members[0]));
  }
  return matches(layer);
}

TEST_F(WriteConfig, EnginesFindFusedModulesUnderAnyName) {
  const auto modules = family([](const std::string& name) -> std::optional<Scheme> {
    if (is_mtp(name) || name.find("linear_attn") != std::string::npos) return std::nullopt;
    return nvfp4;
  });
  const auto ignore = quantization_config(OutputContainer::compressed_tensors, modules)["ignore"];
  for (const bool knows_fused : {false, true}) {
    for (const std::string layers :
         {"model.language_model.layers.", "language_model.model.layers."}) {
      const auto ignored = [&](const std::string& module) {
        return ignored_as_vllm(ignore, module, knows_fused);
      };
      EXPECT_TRUE(ignored(layers + "0.linear_attn.in_proj_ba"));
      EXPECT_TRUE(ignored(layers + "10.linear_attn.in_proj_qkvz"));
      EXPECT_TRUE(ignored(layers + "10.linear_attn.out_proj"));
      EXPECT_FALSE(ignored(layers + "3.self_attn.qkv_proj"));
      EXPECT_FALSE(ignored(layers + "0.mlp.gate_up_proj"));
      EXPECT_TRUE(ignored("mtp.layers.0.self_attn.qkv_proj"));
      EXPECT_TRUE(ignored("mtp.fc"));
      EXPECT_TRUE(ignored("visual.blocks.0.attn.qkv"));
      EXPECT_TRUE(ignored("language_model.lm_head"));
    }
  }
}

TEST_F(WriteConfig, Fp8ListsTheFusedNameOfQwensFile) {
  const auto config = quantization_config(
      OutputContainer::fp8, family([](const std::string& name) { return keep_gates(name, fp8); }));
  const ordered_json& names = config["modules_to_not_convert"];
  for (const char* name : {"in_proj_a", "in_proj_b", "in_proj_ba"}) {
    const auto full = std::string("model.language_model.layers.0.linear_attn.") + name;
    EXPECT_NE(std::find(names.begin(), names.end(), full), names.end()) << full;
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "mtp.layers.0.mlp.gate_up_proj"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "lm_head"), names.end());
}

TEST_F(WriteConfig, ConfigKeepsItsOtherKeysInOrder) {
  const std::string text =
      with_quantization(R"({"model_type": "qwen3_5", "quantization_config": 1, "a": [2]})",
                        {{"quant_method", "fp8"}});
  EXPECT_EQ(text,
            "{\n  \"model_type\": \"qwen3_5\",\n  \"quantization_config\": {\n    "
            "\"quant_method\": \"fp8\"\n  },\n"
            "  \"a\": [\n    2\n  ]\n}\n");
}

}  // namespace
}  // namespace quantrial
