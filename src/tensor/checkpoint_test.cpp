#include "tensor/checkpoint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class CheckpointFolder : public ::testing::Test {
 protected:
  // A shard with one-byte tensors of these names.
  void shard(const std::string& file, const std::vector<std::string>& names) {
    std::vector<TensorToWrite> tensors;
    for (const auto& name : names) {
      tensors.push_back({name, DType::u8, {1}, [] { return std::vector<std::byte>(1); }});
    }
    write_safetensors(dir_ / file, tensors);
  }
  void text(const std::string& file, const std::string& content) {
    std::ofstream(dir_ / file) << content;
  }
  void index(const std::string& map) {
    text("model.safetensors.index.json", R"({"metadata":{},"weight_map":)" + map + "}");
  }
  std::string error() {
    try {
      const Checkpoint checkpoint(dir_);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  void expect_error(const std::string& part) {
    const std::string message = error();
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  const TemporaryFolder folder_;
  fs::path dir_ = folder_.path();
};

TEST_F(CheckpointFolder, FollowsTheIndex) {
  shard("1.safetensors", {"a", "unlisted"});
  shard("extra.safetensors", {"mtp.b"});
  shard("consolidated.safetensors", {"a"});  // not in the index: not read
  index(R"({"a":"1.safetensors","mtp.b":"extra.safetensors"})");
  const Checkpoint checkpoint(dir_);
  EXPECT_EQ(checkpoint.tensors().size(), 3u);
  EXPECT_NE(checkpoint.find("mtp.b"), nullptr);
  EXPECT_NE(checkpoint.find("unlisted"), nullptr) << "as transformers and vLLM do";
  EXPECT_EQ(checkpoint.find("c"), nullptr);
  EXPECT_THROW(checkpoint.at("c"), Error);
}

TEST_F(CheckpointFolder, DoesWithoutAnIndex) {
  shard("part1.safetensors", {"a"});
  shard("part2.safetensors", {"b"});
  EXPECT_EQ(Checkpoint(dir_).tensors().size(), 2u);
  shard("model.safetensors", {"a", "c"});
  EXPECT_EQ(Checkpoint(dir_).tensors().size(), 2u) << "model.safetensors alone";
}

TEST_F(CheckpointFolder, NamesWhatContradictsTheIndex) {
  expect_error("no *.safetensors file");
  shard("1.safetensors", {"a"});
  shard("2.safetensors", {"a", "b"});
  expect_error("tensor a is also in");
  index(R"({"a":"1.safetensors","b":"1.safetensors"})");
  expect_error("tensor b is not in 1.safetensors");
  index(R"({"a":"3.safetensors"})");
  expect_error("3.safetensors: missing, but model.safetensors.index.json names it");
  index(R"({"a":"../1.safetensors"})");
  expect_error("weight_map.a: '../1.safetensors', expected the plain name");
  index(R"({"a":".."})");
  expect_error("expected the plain name");
  index(R"({"a":"1.safetensors","a":"1.safetensors"})");
  expect_error("duplicate key 'a'");
  index(R"({"a":1})");
  expect_error("expected a string");
  text("model.safetensors.index.json", "{}");
  expect_error("weight_map: absent");
  dir_ /= "absent";
  expect_error("not a folder");
}

TEST_F(CheckpointFolder, ReadsEveryOracle) {
  for (const char* folder :
       {"tiny/mm", "tiny/text", "autoround_int4", "awq_int4_g32", "fp8_block_ct", "fp8_hf_block128",
        "nvfp4_autoround_auto_round", "nvfp4_autoround_llm_compressor", "nvfp4_llmc"}) {
    const Checkpoint checkpoint(fs::path(QUANTRIAL_ORACLES) / folder);
    EXPECT_GT(checkpoint.tensors().size(), 50u) << folder;
    EXPECT_NE(checkpoint.find("mtp.fc.weight"), nullptr) << folder;
  }
}

// 12 shards of 4.2 GB each, sparse: opening must read headers alone.
TEST_F(CheckpointFolder, OpensFiftyGigabytesInUnderASecond) {
  constexpr int shards = 12, tensors_per_shard = 100;
  constexpr int64_t tensor_bytes = 42'000'000;
  std::string map = "{";
  for (int s = 0; s < shards; ++s) {
    std::string header = "{";
    for (int t = 0; t < tensors_per_shard; ++t) {
      const std::string name = fmt::format("model.layers.{}.{}.weight", s, t);
      header += fmt::format(R"({}"{}":{{"dtype":"BF16","shape":[1000,{}],"data_offsets":[{},{}]}})",
                            t == 0 ? "" : ",", name, tensor_bytes / 2000, t * tensor_bytes,
                            (t + 1) * tensor_bytes);
      map += fmt::format(R"({}"{}":"{}.safetensors")", map.size() == 1 ? "" : ",", name, s);
    }
    header += "}";
    const fs::path path = dir_ / fmt::format("{}.safetensors", s);
    const uint64_t length = header.size();
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(&length), 8)
        << header;
    fs::resize_file(path, 8 + length + tensors_per_shard * tensor_bytes);
  }
  index(map + "}");
  const auto start = std::chrono::steady_clock::now();
  const Checkpoint checkpoint(dir_);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(checkpoint.tensors().size(), size_t{shards} * tensors_per_shard);
  EXPECT_LT(seconds.count(), 1.0);
}

}  // namespace
}  // namespace quantrial
