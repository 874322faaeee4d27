// A quantized checkpoint written back as BF16: the same numbers as the tools' own decompression,
// everything else byte for byte, and an output folder that is there only when complete.
#include "formats/dequantize.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "base/temporary_folder.h"
#include "formats/read_weight.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class Dequantize : public ::testing::TestWithParam<const char*> {
 protected:
  void run(const fs::path& from, const fs::path& to) {
    ThreadPool pool(2);
    int64_t last = 0, total = 0;
    dequantize_folder(from, to, pool, [&](int64_t bytes, int64_t total_bytes) {
      EXPECT_GT(bytes, last);
      last = bytes;
      total = total_bytes;
    });
    EXPECT_EQ(last, total);
  }
  std::string error_of(const fs::path& from, const fs::path& to) {
    try {
      run(from, to);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const fs::path root_ = folder_.path();
};

TEST_P(Dequantize, GivesWhatTheToolsDecompressAndCarriesTheRest) {
  const fs::path from = fs::path(QUANTRIAL_ORACLES) / GetParam(), to = root_ / "out";
  run(from, to);
  const Checkpoint before(from), after(to);
  const Json decompressed = read_json_object(from / "ref/dense_tool.sha256.json");
  for (const auto& [name, entry] : decompressed.items()) {
    const StoredTensor& tensor = after.at(name);
    EXPECT_EQ(tensor.dtype, DType::bf16);
    EXPECT_EQ(tensor.shape, entry["shape"].get<std::vector<int64_t>>());
    if (entry["dtype"] == "BF16") {  // AutoRound's module decompresses to fp16
      EXPECT_EQ(Sha256::hex(tensor.bytes), entry["sha256"]) << name;
    }
  }
  size_t carried = 0;
  for (const auto& [name, tensor] : before.tensors()) {
    const StoredTensor* same = after.find(name);
    if (same == nullptr || decompressed.contains(name)) continue;
    EXPECT_EQ(same->dtype, tensor->dtype);
    EXPECT_TRUE(std::equal(same->bytes.begin(), same->bytes.end(), tensor->bytes.begin(),
                           tensor->bytes.end()))
        << name;
    ++carried;
  }
  EXPECT_EQ(carried + decompressed.size(), after.tensors().size());
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
    EXPECT_EQ(read_text_file(from / file), read_text_file(to / file));
  }
  Json config = read_json_object(from / "config.json");
  config.erase("quantization_config");
  EXPECT_EQ(config, read_json_object(to / "config.json"));
  EXPECT_EQ(QuantizationConfig::read(to).container(), Container::none);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1)
      << "no partial folder is left";
}

INSTANTIATE_TEST_SUITE_P(Oracles, Dequantize,
                         ::testing::Values("autoround_int4", "fp8_hf_block128", "fp8_block_ct",
                                           "awq_int4_g32", "nvfp4_llmc",
                                           "nvfp4_autoround_auto_round"),
                         [](const auto& test) { return std::string(test.param); });

using DequantizeFolder = Dequantize;

TEST_F(DequantizeFolder, RefusesAnOutputThatIsTaken) {
  const fs::path from = fs::path(QUANTRIAL_ORACLES) / "nvfp4_llmc";
  fs::create_directories(root_ / "empty");
  run(from, root_ / "empty");
  EXPECT_NE(error_of(from, root_ / "empty").find("exists and is not an empty folder"),
            std::string::npos);
  EXPECT_NE(error_of(from, root_ / "no/such").find("cannot create"), std::string::npos);
  EXPECT_NE(error_of(root_ / "empty", root_ / "empty/inside").find("lies inside"),
            std::string::npos);
}

TEST_F(DequantizeFolder, LeavesNothingWhenTheCheckpointIsDamaged) {
  const fs::path from = root_ / "damaged", to = root_ / "out";
  fs::copy(fs::path(QUANTRIAL_ORACLES) / "nvfp4_llmc", from, fs::copy_options::recursive);
  Json config = read_json_object(from / "config.json");
  config["quantization_config"]["config_groups"] = Json::object();
  fs::permissions(from / "config.json", fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(from / "config.json") << config;
  EXPECT_NE(error_of(from, to).find("has no nvfp4 scheme"), std::string::npos);
  EXPECT_FALSE(fs::exists(to));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace quantrial
