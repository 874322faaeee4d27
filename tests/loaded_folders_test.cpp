// Folders from our writers, loaded by transformers, compressed-tensors and auto-round
// (tests/oracles/load_folders.py): the tools' dequantized weights are ours, bit for bit.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/temporary_folder.h"
#include "tensor/json.h"
#include "tests/rounded_folder.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

// In the type that the tool computed in: one rounding of the exact product. -0 counts as 0.
std::string hash(const Weight& weight, const std::string& dtype) {
  std::vector<float> row(static_cast<size_t>(columns(weight)));
  std::vector<float> exact;
  std::vector<uint16_t> narrow;
  for (int64_t n = 0; n < rows(weight); ++n) {
    decode_row(weight, n, row);
    for (float w : row) {
      w += 0;
      exact.push_back(w);
      narrow.push_back(dtype == "F16" ? to_float16(w).bits : to_bfloat16(w).bits);
    }
  }
  return Sha256::hex(dtype == "F32" ? std::as_bytes(std::span(exact))
                                    : std::as_bytes(std::span(narrow)));
}

class LoadedFolders : public ::testing::TestWithParam<RoundedFolder> {};

TEST_P(LoadedFolders, GiveTheSameWeightsInTheRealTools) {
  const RoundedFolder& folder = GetParam();
  const TemporaryFolder scratch;
  const fs::path dir = scratch / folder.name;
  write_rounded_folder(folder, fs::path(QUANTRIAL_ORACLES) / "tiny/mm", dir);
  const Json expected =
      read_json_object(fs::path(QUANTRIAL_SOURCE) / "tests/oracles/loaded_folders.json")
          .at(folder.name);
  {
    const Checkpoint checkpoint(dir);
    const auto config = QuantizationConfig::read(dir);
    size_t quantized = 0;
    for (const std::string& module : matrix_modules(checkpoint)) {
      const Weight weight = read_weight(checkpoint, config, module);
      if (std::holds_alternative<Bf16>(weight)) continue;
      ++quantized;
      ASSERT_TRUE(expected.contains(module)) << module;
      EXPECT_EQ(hash(weight, expected[module]["dtype"]), expected[module]["sha256"]) << module;
    }
    EXPECT_EQ(quantized, expected.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Containers, LoadedFolders, ::testing::ValuesIn(rounded_folders()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace quantrial
