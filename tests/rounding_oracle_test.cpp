// Round to nearest with our codecs against the codes and scales that the real tools stored
// (tests/oracles/README.md): every number bit for bit.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temporary_folder.h"
#include "formats/read_weight.h"
#include "formats/round_to_nearest.h"
#include "formats/test_rounding.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

const Int4Codec compressed_tensors_symmetric = {.fit_rule = Int4Codec::Fit::absmax,
                                                .scale_dtype = DType::bf16,
                                                .arithmetic = Arithmetic::bfloat16};
const Int4Codec compressed_tensors_asymmetric = {.fit_rule = Int4Codec::Fit::range,
                                                 .group_size = 32,
                                                 .scale_dtype = DType::bf16,
                                                 .arithmetic = Arithmetic::bfloat16};

// The tool's matrix in `file` under the name `prefix` + module, with its own scheme.
Weight stored(const Checkpoint& file, const std::string& module, const Scheme& scheme) {
  const QuantizationConfig config("slices", Container::compressed_tensors, {}, scheme);
  return read_weight(file, config, module);
}

class RtnSlices : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::copy_file(fs::path(QUANTRIAL_SOURCE) / "tests/oracles/rtn_slices.safetensors",
                  folder_ / "model.safetensors", fs::copy_options::overwrite_existing);
    file_.emplace(folder_.path());
  }

  // Calls check(module) for the seven matrices.
  template <typename Check>
  void for_each(const Check& check) {
    int matrices = 0;
    for (const auto& [name, tensor] : file_->tensors()) {
      if (!name.starts_with("model.") || !name.ends_with(".weight")) continue;
      check(name.substr(0, name.size() - std::string(".weight").size()));
      ++matrices;
    }
    EXPECT_EQ(matrices, 7);
  }

  const TemporaryFolder folder_;
  std::optional<Checkpoint> file_;
};

TEST_F(RtnSlices, Int4SymmetricIsLlmCompressors) {
  for_each([&](const std::string& module) {
    const Weight ours =
        rounded(stored(*file_, module, {}), compressed_tensors_symmetric, Unquantized{});
    expect_equal_weights<Int4Group>(ours, stored(*file_, "int4g128." + module, {.group_size = 128}),
                                    module);
  });
}

TEST_F(RtnSlices, Int4AsymmetricIsLlmCompressors) {
  for_each([&](const std::string& module) {
    const Weight ours =
        rounded(stored(*file_, module, {}), compressed_tensors_asymmetric, Unquantized{});
    const Scheme scheme{.group_size = 32, .symmetric = false};
    expect_equal_weights<Int4Group>(ours, stored(*file_, "int4g32a." + module, scheme), module);
  });
}

TEST_F(RtnSlices, Nvfp4IsLlmCompressors) {
  for_each([&](const std::string& module) {
    const Weight theirs = stored(*file_, "nvfp4." + module, {.weights = Scheme::Weights::nvfp4});
    const Nvfp4Codec codec{.divisor = std::get<Nvfp4>(theirs).global.divisor()};
    expect_equal_weights<Nvfp4>(rounded(stored(*file_, module, {}), codec, Unquantized{}), theirs,
                                module);
  });
}

// A checkpoint that a tool wrote from tiny/mm.
struct Pair {
  explicit Pair(const std::string& name)
      : base(fs::path(QUANTRIAL_ORACLES) / "tiny/mm"),
        quantized(fs::path(QUANTRIAL_ORACLES) / name),
        config(QuantizationConfig::read(quantized.dir())) {}
  Checkpoint base, quantized;
  QuantizationConfig config;
};

// auto-round tunes the layers but rounds the MTP Linears to nearest.
TEST(RecipeOracles, AutoRoundsInt4OfMtpIsSignedAbsmax) {
  const Pair pair("autoround_int4");
  int matrices = 0;
  for (const std::string& module : matrix_modules(pair.quantized)) {
    if (!module.starts_with("mtp.layers.")) continue;
    const Weight ours = rounded(read_weight(pair.base, {}, module), Int4Codec{}, Unquantized{});
    expect_equal_weights<Int4Group>(ours, read_weight(pair.quantized, pair.config, module), module);
    ++matrices;
  }
  EXPECT_EQ(matrices, 7);
}

TEST(RecipeOracles, Nvfp4OfAllLinearsIsLlmCompressors) {
  const Pair pair("nvfp4_llmc");
  int matrices = 0;
  for (const std::string& module : matrix_modules(pair.quantized)) {
    const Weight theirs = read_weight(pair.quantized, pair.config, module);
    if (!std::holds_alternative<Nvfp4>(theirs)) continue;
    const Nvfp4Codec codec{.divisor = std::get<Nvfp4>(theirs).global.divisor()};
    const Weight ours = rounded(read_weight(pair.base, {}, module), codec, activations(theirs));
    expect_equal_weights<Nvfp4>(ours, theirs, module);
    ++matrices;
  }
  EXPECT_EQ(matrices, 31);
}

// All blocks of the quantized matrices, with the codec of the tool.
void expect_fp8(const std::string& name, Fp8Codec::Rule rule, int expected_matrices) {
  const Pair pair(name);
  ThreadPool pool(2);
  int matrices = 0;
  for (const std::string& module : matrix_modules(pair.quantized)) {
    const Weight theirs = read_weight(pair.quantized, pair.config, module);
    if (!std::holds_alternative<Fp8Block>(theirs)) continue;
    const Weight base = read_weight(pair.base, {}, module);
    const Weight ours = round_to_nearest({base, module}, Fp8Codec{rule}, Unquantized{}, pool);
    expect_equal_weights<Fp8Block>(ours, theirs, module);
    ++matrices;
  }
  EXPECT_EQ(matrices, expected_matrices);
}

TEST(RecipeOracles, Fp8BlocksAreTransformers) {
  expect_fp8("fp8_hf_block128", Fp8Codec::Rule::hugging_face, 28);
}

TEST(RecipeOracles, Fp8BlocksAreCompressedTensors) {
  expect_fp8("fp8_block_ct", Fp8Codec::Rule::compressed_tensors, 25);
}

}  // namespace
}  // namespace quantrial
