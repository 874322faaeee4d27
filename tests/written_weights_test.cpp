// Every quantized matrix of the checkpoints that the real tools wrote, read and written again: the
// tensors have the same names, types, shapes and bytes.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "formats/read_weight.h"
#include "formats/write_weight.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* folder;
  OutputContainer container;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.folder; }

class WrittenWeights : public ::testing::TestWithParam<Case> {};

TEST_P(WrittenWeights, AreTheTensorsOfTheTool) {
  const fs::path dir = fs::path(QUANTRIAL_ORACLES) / GetParam().folder;
  const Checkpoint checkpoint(dir);
  const auto config = QuantizationConfig::read(dir);
  int matrices = 0;
  for (const std::string& module : matrix_modules(checkpoint)) {
    if (!stored_matrix(checkpoint, config, module).quantized) continue;
    ++matrices;
    const auto weight = std::make_shared<const Weight>(read_weight(checkpoint, config, module));
    std::set<std::string> names;
    for (const TensorToWrite& ours : written_tensors(module, weight, GetParam().container)) {
      names.insert(ours.name);
      const StoredTensor& theirs = checkpoint.at(ours.name);
      EXPECT_EQ(ours.dtype, theirs.dtype) << ours.name;
      EXPECT_EQ(ours.shape, theirs.shape) << ours.name;
      std::vector<std::byte> bytes =
          ours.make_bytes ? ours.make_bytes() : std::vector(ours.ready.begin(), ours.ready.end());
      if (ours.make_pieces) {
        ours.make_pieces([&](std::span<const std::byte> piece) {
          bytes.insert(bytes.end(), piece.begin(), piece.end());
        });
      }
      EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), theirs.bytes.begin(), theirs.bytes.end()))
          << ours.name;
    }
    const auto expected = tensors_of(checkpoint, module);
    EXPECT_EQ(names, std::set<std::string>(expected.begin(), expected.end())) << module;
  }
  EXPECT_GT(matrices, 10);
}

INSTANTIATE_TEST_SUITE_P(
    Oracles, WrittenWeights,
    ::testing::Values(Case{"autoround_int4", OutputContainer::auto_round},
                      Case{"nvfp4_autoround_auto_round", OutputContainer::auto_round},
                      Case{"fp8_hf_block128", OutputContainer::fp8},
                      Case{"fp8_block_ct", OutputContainer::compressed_tensors},
                      Case{"awq_int4_g32", OutputContainer::compressed_tensors},
                      Case{"nvfp4_llmc", OutputContainer::compressed_tensors},
                      Case{"nvfp4_autoround_llm_compressor", OutputContainer::compressed_tensors}),
    [](const auto& test) { return std::string(test.param.folder); });

}  // namespace
}  // namespace quantrial
