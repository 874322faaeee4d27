// Whole models against the outputs of the real tools: transformers for the BF16 model, and for
// every recipe checkpoint the dense weights that its own tool stands for (tests/oracles/README.md).
#include <gtest/gtest.h>

#include "tests/instruction_sets.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

struct Loaded {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
};

Loaded load(const std::string& name, Precision precision,
            ActivationMode activations = ActivationMode::as_stored) {
  Loaded loaded;
  loaded.backend = make_cpu_backend({.precision = precision, .activations = activations});
  loaded.model = load_model(oracle::folder(name), *loaded.backend);
  return loaded;
}

class BothLayouts : public testing::TestWithParam<std::string> {};

TEST_P(BothLayouts, LogitsAgreeWithTransformers) {
  const Loaded m = load(GetParam(), Precision::fp32);
  for (const std::string prompt : {"p1", "p7", "p64", "p150"}) {
    const auto expected = oracle::tensor("tiny/ref_logits.safetensors", prompt + ".logits");
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt(prompt));
    ASSERT_EQ(run.logits.values.size(), expected.values.size());
    EXPECT_LE(oracle::relative_difference(run.logits, expected), tolerance::logits_fp32) << prompt;
  }
}

TEST_P(BothLayouts, MtpDraftsAgreeWithTheReference) {
  const Loaded m = load(GetParam(), Precision::fp32);
  for (const std::string prompt : {"p7", "p64"}) {
    const auto expected = oracle::tensor("tiny/ref_mtp.safetensors", prompt + ".mtp_logits");
    const auto hidden =
        oracle::tensor("tiny/ref_mtp.safetensors", prompt + ".main_hidden_final_normed");
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt(prompt));
    EXPECT_LE(oracle::relative_difference(run.hidden, hidden), tolerance::logits_fp32) << prompt;
    ASSERT_EQ(run.mtp_logits.rows, expected.rows - 1) << "the oracle has one row more";
    EXPECT_LE(oracle::relative_difference(run.mtp_logits, expected), tolerance::logits_fp32)
        << prompt;
  }
}

TEST_P(BothLayouts, NativePrecisionStaysClose) {
  const Loaded m = load(GetParam(), Precision::native);
  for (const std::string prompt : {"p7", "p64", "p150"}) {
    const auto expected = oracle::tensor("tiny/ref_logits.safetensors", prompt + ".logits");
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt(prompt));
    const double kl = oracle::mean_kl(expected, run.logits);
    EXPECT_LE(kl, tolerance::kl_native) << prompt;
    EXPECT_GT(kl, 0) << "native rounds";
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, BothLayouts, testing::Values("tiny/text", "tiny/mm"),
                         [](const auto& layout) { return layout.param.substr(5); });

// Other head counts and sizes, tied embeddings, several shards, float32 A_log, 3,000 tokens:
// transformers again (tests/oracles/make_family.py).
class Family : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const SafetensorsFile stored(oracle::folder(folder_ + "/ref.safetensors"));
    for (const StoredTensor& t : stored.tensors()) {
      if (t.dtype != DType::i32) continue;
      const auto numbers = t.array<int32_t>();
      (t.name == "tokens" ? tokens_ : rows_).assign(numbers.span().begin(), numbers.span().end());
    }
    expected_ = oracle::tensor(folder_ + "/ref.safetensors", "logits");
  }
  std::vector<int32_t> prefix(int64_t length) const {
    return {tokens_.begin(), tokens_.begin() + length};
  }

  const std::string folder_ = "family/" + GetParam();
  std::vector<int32_t> tokens_, rows_;
  oracle::Matrix expected_;  // at rows_
  std::unique_ptr<Backend> backend_ = make_cpu_backend({.precision = Precision::fp32});
  std::unique_ptr<Model> model_ =
      load_model(oracle::folder(folder_), *backend_, {.max_batch_tokens = 3136});
};

TEST_P(Family, LogitsAgreeWithTransformers) {
  const oracle::Run run = oracle::run_prompt(*model_, tokens_);
  oracle::Matrix chosen{.values = {}, .rows = expected_.rows, .columns = expected_.columns};
  for (const int32_t row : rows_) {
    const auto logits = run.logits.row(row);
    chosen.values.insert(chosen.values.end(), logits.begin(), logits.end());
  }
  ASSERT_EQ(chosen.values.size(), expected_.values.size());
  EXPECT_LE(oracle::relative_difference(chosen, expected_), tolerance::logits_fp32);
}

// A prompt's last logits are those of the same place in a longer one. Chunks and pages are 64 long.
TEST_P(Family, PromptsThatEndAroundChunksAndPagesAgreeToo) {
  size_t checked = 0;
  for (size_t i = 0; i < rows_.size() && rows_[i] <= 128; ++i, ++checked) {
    const oracle::Run run = oracle::run_prompt(*model_, prefix(rows_[i] + 1));
    const auto ours = run.logits.row(rows_[i]), theirs = expected_.row(static_cast<int64_t>(i));
    const oracle::Matrix last{{ours.begin(), ours.end()}, 1, expected_.columns};
    EXPECT_LE(oracle::relative_difference(last, {{theirs.begin(), theirs.end()}, 1, last.columns}),
              tolerance::logits_fp32)
        << rows_[i] + 1 << " tokens";
  }
  EXPECT_GE(checked, 8U);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Family,
                         testing::Values("tied_shards", "equal_heads", "narrow_wide_heads",
                                         "uneven"),
                         [](const auto& shape) { return shape.param; });

const std::vector<std::string> recipes = {"autoround_int4",
                                          "awq_int4_g32",
                                          "fp8_block_ct",
                                          "fp8_hf_block128",
                                          "nvfp4_autoround_auto_round",
                                          "nvfp4_autoround_llm_compressor",
                                          "nvfp4_llmc"};

class Recipe : public testing::TestWithParam<std::string> {};

TEST_P(Recipe, WeightOnlyLogitsAgree) {
  const Loaded m = load(GetParam(), Precision::fp32, ActivationMode::off);
  const std::string file = GetParam() + "/ref/logits.safetensors";
  for (const std::string prompt : {"p7", "p64"}) {
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt(prompt));
    const auto logits = oracle::tensor(file, prompt + ".logits.weight_only");
    ASSERT_EQ(run.logits.values.size(), logits.values.size());
    EXPECT_LE(oracle::relative_difference(run.logits, logits), tolerance::logits_fp32) << prompt;
    const auto mtp = oracle::tensor(file, prompt + ".mtp_logits.weight_only");
    EXPECT_LE(oracle::relative_difference(run.mtp_logits, mtp), tolerance::logits_fp32) << prompt;
  }
}

INSTANTIATE_TEST_SUITE_P(Tools, Recipe, testing::ValuesIn(recipes),
                         [](const auto& recipe) { return recipe.param; });

// The same on whatever this machine could run the kernels with.
class InstructionSets : public EachInstructionSet {};

TEST_P(InstructionSets, LogitsOfEveryFormatAgree) {
  const auto bf16 = oracle::tensor("tiny/ref_logits.safetensors", "p150.logits");
  const Loaded base = load("tiny/text", Precision::fp32);
  const oracle::Run long_run = oracle::run_prompt(*base.model, oracle::prompt("p150"));
  EXPECT_LE(oracle::relative_difference(long_run.logits, bf16), tolerance::logits_fp32);
  for (const std::string& recipe : recipes) {
    const Loaded m = load(recipe, Precision::fp32, ActivationMode::off);
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt("p64"));
    const auto expected =
        oracle::tensor(recipe + "/ref/logits.safetensors", "p64.logits.weight_only");
    EXPECT_LE(oracle::relative_difference(run.logits, expected), tolerance::logits_fp32) << recipe;
  }
}

INSTANTIATE_TEST_SUITE_P(On, InstructionSets, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

class QuantizedInputs : public testing::TestWithParam<std::string> {};

// Flipped codes make two correct runs diverge (oracles README 4.3), so the damage is compared.
TEST_P(QuantizedInputs, DoTheSameDamageAsTheOracle) {
  const Loaded m = load(GetParam(), Precision::fp32);
  const std::string file = GetParam() + "/ref/logits.safetensors";
  double ours_kl = 0, oracle_kl = 0, distance = 0;
  for (const std::string prompt : {"p7", "p64"}) {
    const auto expected = oracle::tensor(file, prompt + ".logits.act_emulated");
    ASSERT_FALSE(expected.empty());
    const auto bf16 = oracle::tensor("tiny/ref_logits.safetensors", prompt + ".logits");
    const oracle::Run run = oracle::run_prompt(*m.model, oracle::prompt(prompt));
    const auto tokens = static_cast<double>(bf16.rows);
    ours_kl += tokens * oracle::mean_kl(bf16, run.logits);
    oracle_kl += tokens * oracle::mean_kl(bf16, expected);
    distance += tokens * oracle::mean_kl(expected, run.logits) / 71;
  }
  RecordProperty("kl_ratio", std::to_string(ours_kl / oracle_kl));
  if (GetParam().starts_with("fp8")) {
    EXPECT_LE(distance, tolerance::kl_fp8);
  } else {
    EXPECT_NEAR(ours_kl / oracle_kl, 1, tolerance::damage_ratio_w4a4);
  }
}

INSTANTIATE_TEST_SUITE_P(Tools, QuantizedInputs,
                         testing::Values("fp8_block_ct", "fp8_hf_block128",
                                         "nvfp4_autoround_auto_round",
                                         "nvfp4_autoround_llm_compressor", "nvfp4_llmc"),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace quantrial
