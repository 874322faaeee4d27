// Round to nearest with our codecs against the codes and scales that the real tools stored
// (tests/oracles/README.md): every number bit for bit.
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/pack.h"
#include "formats/read_weight.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// Every group fitted and encoded by itself.
Weight rounded(const Weight& weight, const Codec& codec, const Activations& activations) {
  QuantizedMatrix matrix{
      .rows = rows(weight), .columns = columns(weight), .group_size = group_size(codec)};
  matrix.codes.resize(static_cast<size_t>(matrix.rows * matrix.columns));
  std::vector<float> row(static_cast<size_t>(matrix.columns));
  const auto group = static_cast<size_t>(matrix.group_size);
  for (int64_t n = 0; n < matrix.rows; ++n) {
    decode_row(weight, n, row);
    for (size_t k = 0; k < row.size(); k += group) {
      const auto w = std::span(row).subspan(k, group);
      const size_t at = static_cast<size_t>(n) * row.size() + k;
      std::visit(
          [&](const auto& c) {
            matrix.scales.push_back(c.fit(range_of(w)));
            c.encode(w, {}, matrix.scales.back(), std::span(matrix.codes).subspan(at, group));
          },
          codec);
    }
  }
  return pack(codec, std::move(matrix), activations);
}

template <typename T>
std::vector<T> copied(const Array<T>& array) {
  return {array.span().begin(), array.span().end()};
}

void expect_equal(const Int4Group& ours, const Int4Group& theirs, const std::string& what) {
  EXPECT_EQ(copied(ours.codes), copied(theirs.codes)) << what;
  EXPECT_EQ(copied(ours.zeros), copied(theirs.zeros)) << what;
  ASSERT_EQ(ours.scales.index(), theirs.scales.index()) << what;
  std::visit(
      [&](const auto& scales) {
        using T = std::decay_t<decltype(scales)>;
        EXPECT_EQ(copied(scales), copied(std::get<T>(theirs.scales))) << what;
      },
      ours.scales);
}

void expect_equal(const Nvfp4& ours, const Nvfp4& theirs, const std::string& what) {
  EXPECT_EQ(copied(ours.codes), copied(theirs.codes)) << what;
  EXPECT_EQ(copied(ours.scales), copied(theirs.scales)) << what;
  EXPECT_EQ(ours.global.divisor(), theirs.global.divisor()) << what;
}

template <typename F>
void expect_equal_weights(const Weight& ours, const Weight& theirs, const std::string& what) {
  ASSERT_TRUE(std::holds_alternative<F>(ours) && std::holds_alternative<F>(theirs)) << what;
  expect_equal(std::get<F>(ours), std::get<F>(theirs), what);
}

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
    folder_ = fs::path(::testing::TempDir()) / "quantrial_rtn_slices";
    fs::create_directories(folder_);
    fs::copy_file(fs::path(QUANTRIAL_SOURCE) / "tests/oracles/rtn_slices.safetensors",
                  folder_ / "model.safetensors", fs::copy_options::overwrite_existing);
    file_.emplace(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

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

  fs::path folder_;
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

}  // namespace
}  // namespace quantrial
