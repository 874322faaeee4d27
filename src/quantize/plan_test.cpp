// What the shipped recipes make of the tiny oracle model: the same modules that the reference
// tools' checkpoints of it quantize (tests/oracles/README.md), and the errors of a plan.
#include "quantize/plan.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "formats/read_weight.h"
#include "quantize/plan_table.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

fs::path oracle(const std::string& name) { return fs::path(QUANTRIAL_ORACLES) / name; }

Recipe shipped(const std::string& name, std::vector<std::string> settings = {}) {
  return read_recipe(fs::path(QUANTRIAL_SOURCE) / "recipes" / (name + ".yaml"), settings);
}

std::string error_of(const fs::path& dir, const Recipe& recipe) {
  try {
    make_plan(Checkpoint(dir), recipe);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const PlannedModule& at(const Plan& plan, const std::string& name) {
  for (const PlannedModule& module : plan.modules) {
    if (module.name == name) return module;
  }
  throw Error("no module {}", name);
}

using Row = std::array<std::string, 3>;  // recipe, setting, oracle folder
class PlanAgainstTools : public testing::TestWithParam<Row> {};

TEST_P(PlanAgainstTools, QuantizesTheSameModules) {
  const auto& [recipe, setting, folder] = GetParam();
  const std::vector<std::string> settings(setting.empty() ? 0 : 1, setting);
  const Checkpoint base(oracle("tiny/mm"));
  const Plan plan = make_plan(base, shipped(recipe, settings));
  const Checkpoint theirs(oracle(folder));
  const QuantizationConfig config = QuantizationConfig::read(oracle(folder));
  for (const std::string& module : matrix_modules(theirs)) {
    const StoredMatrix matrix = stored_matrix(theirs, config, module);
    EXPECT_EQ(at(plan, module).quantized(), matrix.quantized) << module;
    EXPECT_EQ(at(plan, module).reason.empty(), matrix.quantized) << module;
    int64_t bytes = 0;
    for (const std::string& tensor : tensors_of(theirs, module)) {
      bytes += static_cast<int64_t>(theirs.at(tensor).bytes.size());
    }
    EXPECT_EQ(at(plan, module).bytes_after, bytes) << module;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Oracles, PlanAgainstTools,
    testing::Values(Row{"int4-autoround", "mtp=same", "autoround_int4"},
                    Row{"fp8-block128", "", "fp8_hf_block128"}, Row{"int4-awq", "", "awq_int4_g32"},
                    Row{"nvfp4", "", "nvfp4_llmc"},
                    Row{"nvfp4-autoround", "", "nvfp4_autoround_llm_compressor"}),
    [](const auto& test) { return std::string(test.param[2]); });

TEST(Plan, SharesScalesOfLinearsThatReadTheSameInput) {
  const Checkpoint base(oracle("tiny/mm"));
  const std::string linear = "model.language_model.layers.0.linear_attn.";
  const std::string full = "model.language_model.layers.3.self_attn.";
  const Plan shared = make_plan(base, shipped("nvfp4-shared"));
  EXPECT_EQ(at(shared, linear + "in_proj_qkv").scale_group,
            at(shared, linear + "in_proj_z").scale_group);
  EXPECT_EQ(at(shared, linear + "in_proj_qkv").scale_group,
            at(shared, linear + "in_proj_a").scale_group);
  EXPECT_NE(at(shared, linear + "in_proj_qkv").scale_group,
            at(shared, linear + "out_proj").scale_group);
  const Plan narrow = make_plan(base, shipped("nvfp4"));
  EXPECT_NE(at(narrow, linear + "in_proj_qkv").scale_group,
            at(narrow, linear + "in_proj_z").scale_group);
  EXPECT_EQ(at(narrow, full + "q_proj").scale_group, at(narrow, full + "v_proj").scale_group);
}

TEST(Plan, WritesOneFileABlockAndNoTensorTwice) {
  const Checkpoint base(oracle("tiny/mm"));
  const Plan plan = make_plan(base, shipped("nvfp4"));
  ASSERT_EQ(plan.shards.size(), 8u);  // embedding, 4 blocks, head, vision, MTP
  std::vector<int> places(plan.modules.size());
  for (const PlannedShard& shard : plan.shards) {
    for (const size_t module : shard.modules) ++places[module];
  }
  EXPECT_EQ(places, std::vector<int>(plan.modules.size(), 1));
  EXPECT_EQ(plan.shards[4].file, "model-00005-of-00008.safetensors");
  const Plan dropped = make_plan(base, shipped("nvfp4", {"mtp=drop"}));
  EXPECT_EQ(dropped.shards.size(), 7u);
  EXPECT_LT(dropped.bytes_after, plan.bytes_after);
}

TEST(Plan, RefusesWhatMakesNoSense) {
  const fs::path base = oracle("tiny/mm");
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(error_of(base, shipped("nvfp4", {"keep=['re:.*']"})), "quantizes no module");
  expect(error_of(base, shipped("nvfp4", {"overrides=[{match: q_prj, weights: {type: bf16}}]"})),
         "matches no Linear");
  expect(error_of(base, shipped("int4-rtn", {"group_size=96"})), "no multiple of the group size");
  expect(error_of(oracle("nvfp4_llmc"), shipped("nvfp4")), "quantized already");
  expect(error_of(base / "none", shipped("nvfp4")), "none");
}

// vLLM and SGLang fuse q/k/v, gate/up, in_proj_qkv/z and in_proj_b/a (vLLM qwen3_5.py).
TEST(Plan, RefusesToTreatLinearsThatEnginesFuseDifferently) {
  const fs::path base = oracle("tiny/mm");
  const std::string int4 = "weights: {type: int, bits: 4, group_size: ";
  const auto override = [](const std::string& match, const std::string& scheme) {
    return "overrides=[{match: 're:" + match + "', " + scheme + "}]";
  };
  const auto expect = [&](const Recipe& recipe, const std::string& fused, const std::string& part) {
    const std::string message = error_of(base, recipe);
    EXPECT_NE(message.find(fused + ": "), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("or keep them all"), std::string::npos) << message;
  };
  expect(shipped("int4-gptq", {override(".*up_proj$", int4 + "32}")}), "mlp.gate_up_proj",
         "gate_proj int4 g128 symmetric and up_proj int4 g32 symmetric");
  expect(shipped("int4-rtn", {override(".*k_proj$", int4 + "64}")}), "self_attn.qkv_proj", "g64");
  expect(shipped("nvfp4", {override(".*v_proj$", "weights: {type: nvfp4}, activations: none")}),
         "self_attn.qkv_proj", "v_proj nvfp4");
  expect(shipped("nvfp4", {override(".*in_proj_z$", "weights: {type: bf16}")}),
         "linear_attn.in_proj_qkvz", "in_proj_z 16-bit (override: re:.*in_proj_z$)");
  expect(shipped("nvfp4", {"keep=['re:.*in_proj_a$']"}), "linear_attn.in_proj_ba",
         "in_proj_b nvfp4, inputs nvfp4 local and in_proj_a 16-bit (keep: re:.*in_proj_a$)");
  expect(shipped("fp8-block128", {"keep=['mtp.layers.0.mlp.up_proj']"}),
         "mtp.layers.0.mlp.gate_up_proj", "keep");
  const std::vector<std::string> whole = {"keep=['re:.*gate_up_proj$', 're:.*[qkv]_proj$']"};
  EXPECT_EQ(error_of(base, shipped("int4-rtn", whole)), "no error");
}

// transformers leaves k and v of the tiny model 16-bit (fp8_hf_block128), which are no whole
// blocks.
TEST(Plan, SaysWhichFusedModulesAreMixedByShape) {
  const Checkpoint base(oracle("tiny/mm"));
  const auto has_warning = [&](const std::string& recipe) {
    const auto lines = kept_linears(make_plan(base, shipped(recipe)));
    return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("qkv_proj") != std::string::npos && line.starts_with("warning: ");
    });
  };
  EXPECT_TRUE(has_warning("fp8-block128"));
  EXPECT_FALSE(has_warning("int4-rtn"));
}

TEST(Plan, RefusesEntriesOfKeepThatMatchNothing) {
  const fs::path base = oracle("tiny/mm");
  const std::string message = error_of(base, shipped("nvfp4", {"keep=[lm_head, 're:.*q_prj$']"}));
  EXPECT_NE(message.find("keep[1]: re:.*q_prj$; it matches no module"), std::string::npos)
      << message;
  EXPECT_EQ(error_of(base, shipped("nvfp4", {"keep=[lm_head, 're:^mtp.*', visual]"})), "no error");
}

}  // namespace
}  // namespace quantrial
