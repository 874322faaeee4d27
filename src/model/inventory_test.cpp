#include "model/inventory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "tensor/checkpoint.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
const fs::path oracles = QUANTRIAL_ORACLES;

std::map<std::string, std::vector<InventoryWarning>> by_kind(const Inventory& inventory) {
  std::map<std::string, std::vector<InventoryWarning>> kinds;
  for (const InventoryWarning& warning : inventory.warnings) kinds[warning.kind].push_back(warning);
  return kinds;
}

// Counted from the headers with Python: 1,082,764 parameters in every variant of the tiny model.
TEST(Inventory, CountsWeightsNotCodes) {
  for (const char* folder : {"tiny/mm", "autoround_int4", "awq_int4_g32", "fp8_block_ct",
                             "fp8_hf_block128", "nvfp4_llmc", "nvfp4_autoround_auto_round"}) {
    const Inventory inventory = take_inventory(oracles / folder);
    EXPECT_EQ(inventory.parameters, 1'082'764) << folder;
    EXPECT_EQ(inventory.mtp_tensors, 15) << folder;
    int64_t stored = 0;
    const Checkpoint checkpoint(oracles / folder);
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      stored += static_cast<int64_t>(tensor->bytes.size());
    }
    EXPECT_EQ(inventory.bytes, stored) << folder;
  }
  EXPECT_EQ(take_inventory(oracles / "tiny/mm").bits_per_weight(), 16);
  EXPECT_EQ(take_inventory(oracles / "tiny/mm").format, "bf16");
}

TEST(Inventory, NamesFormatsClassesAndMtp) {
  const Inventory inventory = take_inventory(oracles / "autoround_int4");
  EXPECT_EQ(inventory.architecture, "Qwen3_5ForConditionalGeneration");
  EXPECT_EQ(inventory.format, "auto-round auto_round:auto_gptq");
  EXPECT_EQ(inventory.mtp_format, "bf16, int4");
  std::map<std::string, ModuleEntry> modules;
  for (const ModuleEntry& module : inventory.modules) modules[module.name] = module;
  const auto& qkv = modules.at("model.language_model.layers.0.linear_attn.in_proj_qkv");
  EXPECT_EQ(qkv.class_name, "in_proj_qkv");
  EXPECT_EQ(qkv.format, "int4");
  EXPECT_EQ(qkv.shape, (std::vector<int64_t>{256, 128}));
  EXPECT_EQ(qkv.bytes, 256 * 128 / 2 + 256 * 2 + 256 / 2);  // codes, fp16 scales, zero points
  EXPECT_EQ(modules.at("model.visual.blocks.0.attn.qkv").class_name, "vision");
  EXPECT_EQ(modules.at("model.language_model.layers.0.linear_attn.conv1d").class_name, "conv");
  EXPECT_EQ(modules.at("model.language_model.norm").class_name, "norm");
  EXPECT_EQ(modules.at("lm_head").class_name, "head");
  EXPECT_EQ(modules.at("mtp.layers.0.mlp.up_proj").class_name, "mtp");
}

// llm-compressor shares scales in q/k/v and gate/up, not in the linear attention (formats.md E.1).
TEST(Inventory, WarnsOfUnequalFusedScales) {
  const auto kinds = by_kind(take_inventory(oracles / "nvfp4_llmc"));
  ASSERT_TRUE(kinds.contains("unequal_global_scales"));
  for (const InventoryWarning& warning : kinds.at("unequal_global_scales")) {
    ASSERT_EQ(warning.modules.size(), 2u);
    EXPECT_NE(warning.modules[0].find("linear_attn.in_proj_"), std::string::npos);
    EXPECT_NE(warning.detail.find("largest / smallest = "), std::string::npos);
  }
  EXPECT_FALSE(by_kind(take_inventory(oracles / "nvfp4_autoround_auto_round"))
                   .contains("unequal_global_scales"));
}

TEST(Inventory, WarnsOfModulesThatTheConfigMisjudges) {
  const auto kinds = by_kind(take_inventory(oracles / "nvfp4_autoround_llm_compressor"));
  ASSERT_TRUE(kinds.contains("not_ignored")) << "targets is Linear, mtp and visual are not ignored";
  const auto& modules = kinds.at("not_ignored")[0].modules;
  EXPECT_NE(std::find(modules.begin(), modules.end(), "mtp.fc"), modules.end());
}

TEST(Inventory, WarnsOfMissingMtpAndOfHeadsThatContradictTheConfig) {
  const TemporaryFolder folder;
  const fs::path& dir = folder.path();
  Json config = read_json_object(oracles / "tiny/text/config.json");
  const auto write = [&](const std::vector<std::string>& names) {
    std::ofstream(dir / "config.json") << config;
    std::vector<TensorToWrite> tensors;
    for (const std::string& name : names) {
      tensors.push_back({name, DType::u8, {1}, [] { return std::vector<std::byte>(1); }});
    }
    write_safetensors(dir / "model.safetensors", tensors);
    return by_kind(take_inventory(dir));
  };
  auto kinds = write({"mtp.norm.weight"});
  EXPECT_NE(kinds.at("mtp_missing")[0].detail.find("1 of 15"), std::string::npos);
  EXPECT_TRUE(kinds.contains("head_missing"));
  config["mtp_num_hidden_layers"] = 0;
  config["tie_word_embeddings"] = true;
  kinds = write({"mtp.norm.weight", "lm_head.weight"});
  EXPECT_TRUE(kinds.contains("mtp_unused"));
  EXPECT_TRUE(kinds.contains("tied_head_stored"));
  fs::copy_file(dir / "model.safetensors", dir / "stray.safetensors");
  EXPECT_TRUE(by_kind(take_inventory(dir)).contains("unread_file"));
}

}  // namespace
}  // namespace quantrial
