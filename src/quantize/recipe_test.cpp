// Recipes: the shipped ones are what product.md section 2 says; wrong ones are refused with file,
// key, value and remedy.
#include "quantize/recipe.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

Recipe shipped(const std::string& name, std::vector<std::string> settings = {}) {
  return read_recipe(fs::path(QUANTRIAL_SOURCE) / "recipes" / (name + ".yaml"), settings);
}

class Recipes : public testing::Test {
 protected:
  std::string error_of(const std::string& yaml, std::vector<std::string> settings = {}) {
    const TemporaryFolder folder;
    const fs::path file = folder / "recipe.yaml";
    std::ofstream(file) << yaml;
    std::string message = "no error";
    try {
      read_recipe(file, settings);
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  void expect_error(const std::string& yaml, const std::string& part,
                    std::vector<std::string> settings = {}) {
    const std::string message = error_of(yaml, std::move(settings));
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  const std::string good_ =
      "algorithm: rtn\nweights: {type: int, group_size: 32}\ncontainer: auto-round\n";
};

TEST_F(Recipes, ShippedOnesSayWhatTheTableSays) {
  const Recipe autoround = shipped("int4-autoround");
  EXPECT_EQ(autoround.method, Method::auto_round);
  EXPECT_EQ(autoround.scheme, (Scheme{.weights = Scheme::Weights::int4, .group_size = 128}));
  EXPECT_EQ(autoround.container, OutputContainer::auto_round);
  EXPECT_EQ(autoround.parameters.iters, 200);
  EXPECT_TRUE(autoround.keep_patterns[0].matches("model.layers.0.linear_attn.in_proj_a"));
  EXPECT_FALSE(autoround.keep_patterns[0].matches("model.layers.0.linear_attn.in_proj_qkv"));

  const Recipe fp8 = shipped("fp8-block128");
  EXPECT_EQ(fp8.mtp, MtpPolicy::same);
  EXPECT_EQ(fp8.scheme.block_rows, 128);
  EXPECT_EQ(fp8.scheme.inputs, Scheme::Inputs::fp8_dynamic);
  EXPECT_FALSE(fp8.needs_calibration());

  EXPECT_FALSE(shipped("int4-awq").scheme.symmetric);
  EXPECT_TRUE(shipped("int4-awq").keep_patterns[0].matches("model.layers.0.linear_attn.out_proj"));
  EXPECT_EQ(shipped("nvfp4").fused_scales, FusedScales::llm_compressor);
  EXPECT_TRUE(shipped("nvfp4").needs_calibration());
  EXPECT_EQ(shipped("nvfp4-shared").fused_scales, FusedScales::shared);
  EXPECT_EQ(shipped("nvfp4-autoround").method, Method::auto_round);
  EXPECT_EQ(shipped("nvfp4-linear-attn-bf16").keep.size(), 1u);
  EXPECT_EQ(shipped("int4-gptq").method, Method::gptq);
  EXPECT_FALSE(shipped("int4-rtn").needs_calibration());
}

TEST_F(Recipes, SettingsOverrideByDottedOrShortKey) {
  const Recipe recipe = shipped("int4-autoround", {"iters=50", "parameters.batch=4",
                                                   "group_size=32", "mtp=same", "keep=[lm_head]"});
  EXPECT_EQ(recipe.parameters.iters, 50);
  EXPECT_EQ(recipe.parameters.batch, 4);
  EXPECT_EQ(recipe.scheme.group_size, 32);
  EXPECT_EQ(recipe.mtp, MtpPolicy::same);
  EXPECT_EQ(recipe.keep, std::vector<std::string>{"lm_head"});
  EXPECT_EQ(shipped("int4-rtn", {"container=compressed-tensors"}).container,
            OutputContainer::compressed_tensors);
}

TEST_F(Recipes, OverridesMixSchemes) {
  const TemporaryFolder folder;
  const fs::path file = folder / "mixed.yaml";
  std::ofstream(file) << "algorithm: rtn\nweights: {type: nvfp4}\ncontainer: compressed-tensors\n"
                         "overrides:\n"
                         "- {match: 're:.*down_proj$', weights: {type: fp8}}\n"
                         "- {match: o_proj, weights: {type: bf16}}\n";
  const Recipe recipe = read_recipe(file);
  ASSERT_EQ(recipe.overrides.size(), 2u);
  EXPECT_EQ(recipe.overrides[0].scheme->weights, Scheme::Weights::fp8);
  EXPECT_TRUE(recipe.overrides[0].pattern.matches("model.layers.0.mlp.down_proj"));
  EXPECT_FALSE(recipe.overrides[1].scheme.has_value());
  fs::remove(file);
}

TEST_F(Recipes, WrongOnesAreRefusedWithKeyValueAndRemedy) {
  expect_error("[1, 2]", "expected a mapping");
  expect_error("a: [", "malformed YAML");
  expect_error("algorithm: rtn\n", "weights: absent");
  expect_error(good_ + "speed: 3\n", "speed: 3; unknown key");
  expect_error(good_ + "mtp: bf16\nmtp: drop\n", "twice");
  expect_error(good_ + "mtp: fp4\n", "mtp: fp4; use bf16, same, drop");
  expect_error(good_ + "parameters: {iters: -1}\n", "parameters.iters: -1; use a whole number");
  expect_error(good_ + "parameters: {iters: 1.5}\n", "parameters.iters: 1.5");
  expect_error(good_ + "activations: nvfp4-local\n", "weights of type int go with none");
  expect_error(good_ + "fused_scales: shared\n", "only nvfp4");
  expect_error(good_ + "keep: lm_head\n", "keep: lm_head; give a list");
  expect_error(good_ + "keep: ['re:(']\n", "re:(");
  expect_error(good_, "weights.bits: 3; use 4", {"bits=3"});
  expect_error(good_, "--set: container: x; use auto-round, fp8", {"container=x"});
  expect_error(good_, "container fp8 holds fp8 weights", {"container=fp8"});
  expect_error(good_, "--set: weights.type: fp9", {"weights.type=fp9"});
  expect_error(good_, "write key=value", {"iters"});
  expect_error(good_, "--set: nonsense: 1; unknown key", {"nonsense=1"});
  expect_error("algorithm: awq\nweights: {type: fp8}\ncontainer: fp8\n", "use rtn");
  expect_error("algorithm: rtn\nweights: {type: fp8, bits: 8}\ncontainer: fp8\n", "no such key");
  expect_error("algorithm: rtn\nweights: {type: fp8}\ncontainer: auto-round\n", "container fp8");
}

}  // namespace
}  // namespace quantrial
