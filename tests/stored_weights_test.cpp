// Checkpoints written by the real tools, read by ours: every quantized matrix must give the floats
// that the tools' own readers give, bit for bit (tests/oracles/README.md section 4).
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "base/sha256.h"
#include "formats/read_weight.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

TEST(Sha256, MatchesFips180) {
  const std::string abc = "abc";
  EXPECT_EQ(Sha256::hex(std::as_bytes(std::span(abc))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

std::vector<float> decoded(const Weight& weight) {
  const auto k = static_cast<size_t>(columns(weight));
  std::vector<float> values(static_cast<size_t>(rows(weight)) * k);
  for (size_t n = 0; n * k < values.size(); ++n) {
    decode_row(weight, static_cast<int64_t>(n), std::span(values).subspan(n * k, k));
  }
  return values;
}

class StoredWeights : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path dir() const { return fs::path(QUANTRIAL_ORACLES) / GetParam(); }
};

TEST_P(StoredWeights, DecodeToTheFloatsOfTheReferenceReader) {
  const Checkpoint checkpoint(dir());
  const auto config = QuantizationConfig::read(dir());
  const Json expected = read_json_object(dir() / "ref/dense_exact_f32.sha256.json");
  ASSERT_GT(expected.size(), 10u);
  for (const auto& [tensor, entry] : expected.items()) {
    const std::string module = tensor.substr(0, tensor.size() - std::string(".weight").size());
    const Weight weight = read_weight(checkpoint, config, module);
    EXPECT_EQ(entry["shape"], (Json{rows(weight), columns(weight)}));
    const std::vector<float> values = decoded(weight);
    EXPECT_EQ(Sha256::hex(std::as_bytes(std::span(values))), entry["sha256"]) << tensor;
  }
}

// compressed-tensors and HF fp8 give bfloat16; AutoRound's INT4 module computes in float16. Both
// round the exact product once.
TEST_P(StoredWeights, RoundToWhatTheToolsDecompress) {
  const Checkpoint checkpoint(dir());
  const auto config = QuantizationConfig::read(dir());
  const Json expected = read_json_object(dir() / "ref/dense_tool.sha256.json");
  for (const auto& [tensor, entry] : expected.items()) {
    const std::string module = tensor.substr(0, tensor.size() - std::string(".weight").size());
    const std::vector<float> exact = decoded(read_weight(checkpoint, config, module));
    std::vector<uint16_t> rounded;
    for (const float value : exact) {
      rounded.push_back(entry["dtype"] == "F16" ? to_float16(value).bits : to_bfloat16(value).bits);
    }
    EXPECT_EQ(Sha256::hex(std::as_bytes(std::span(rounded))), entry["sha256"]) << tensor;
  }
}

// What is quantized is what the oracle lists: no module is taken for dense by mistake.
TEST_P(StoredWeights, QuantizedModulesAreTheOraclesModules) {
  const Checkpoint checkpoint(dir());
  const auto config = QuantizationConfig::read(dir());
  const Json expected = read_json_object(dir() / "ref/dense_exact_f32.sha256.json");
  for (const std::string& module : matrix_modules(checkpoint)) {
    const Weight weight = read_weight(checkpoint, config, module);
    EXPECT_EQ(!std::holds_alternative<Bf16>(weight), expected.contains(module + ".weight"))
        << module;
  }
}

INSTANTIATE_TEST_SUITE_P(Oracles, StoredWeights,
                         ::testing::Values("autoround_int4", "fp8_hf_block128", "fp8_block_ct",
                                           "awq_int4_g32", "nvfp4_llmc",
                                           "nvfp4_autoround_llm_compressor",
                                           "nvfp4_autoround_auto_round"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace quantrial
