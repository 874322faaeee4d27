// Calibration sequences of the tiny oracle model: packing, drawing, exact ids, and what is refused.
#include "quantize/calibration.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

class CalibrationFile : public testing::Test {
 protected:
  Calibration read(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name, std::ios::binary) << content;
    return read_calibration({dir_ / name, {}, model_}, config_, parameters_);
  }
  std::string error_of(const std::string& name, const std::string& content) {
    try {
      read(name, content);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const fs::path dir_ = folder_.path();
  fs::path model_ = fs::path(QUANTRIAL_ORACLES) / "tiny/mm";
  fs::path chat_model_ = fs::path(QUANTRIAL_ORACLES) / "nvfp4_llmc";  // has a chat template
  ModelConfig config_ = read_model_config(model_);
  RecipeParameters parameters_{.samples = 4, .sequence_length = 16};
};

TEST_F(CalibrationFile, PacksTextAndDrawsBySeed) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += fmt::format("def f{}(x): return x + {}\n", i, i);
  const std::vector<int32_t> ids = Tokenizer::load(model_).encode(text);
  const Calibration first = read("a.txt", text);
  ASSERT_EQ(first.sequences.size(), 4u);
  for (const auto& sequence : first.sequences) {
    const auto at = std::search(ids.begin(), ids.end(), sequence.begin(), sequence.end());
    EXPECT_EQ(sequence.size(), 16u);
    EXPECT_EQ((at - ids.begin()) % 16, 0) << "cut at multiples of the length";
  }
  EXPECT_EQ(read("a.txt", text).sha256, first.sha256);
  parameters_.seed = 7;
  EXPECT_NE(read("a.txt", text).sha256, first.sha256);
  parameters_.samples = 100000;
  EXPECT_EQ(read("a.txt", text).sequences.size(), ids.size() / 16);
}

TEST_F(CalibrationFile, TakesIdsJustAsTheyAre) {
  const Calibration exact =
      read("a.jsonl", "{\"input_ids\": [1, 2, 3]}\n\n{\"input_ids\": [511, 0]}\n");
  EXPECT_EQ(exact.sequences, (std::vector<std::vector<int32_t>>{{1, 2, 3}, {511, 0}}));
  EXPECT_FALSE(exact.equally_long());
  EXPECT_EQ(exact.tokens(), 5);
}

TEST_F(CalibrationFile, RendersMessagesAndPacksTexts) {
  model_ = chat_model_;
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += "{\"messages\": [{\"role\": \"user\", \"content\": \"hello there\"}]}\n";
    lines += "{\"text\": \"some plain text\"}\n";
  }
  EXPECT_EQ(read("a.jsonl", lines).sequences.size(), 4u);
}

TEST_F(CalibrationFile, ReadsTheShippedTexts) {
  const Calibration shipped = read_calibration(
      {{}, fs::path(QUANTRIAL_SOURCE) / "data/calibration", model_}, config_, parameters_);
  EXPECT_EQ(shipped.sequences.size(), 4u);
  EXPECT_NE(shipped.description.find("alice.txt"), std::string::npos);
}

TEST_F(CalibrationFile, RefusesWithPlaceAndRemedy) {
  const auto expect = [&](const std::string& name, const std::string& content,
                          const std::string& part) {
    const std::string message = error_of(name, content);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect("a.txt", "short", "too few for one sequence of 16");
  expect("a.txt", "", "0 tokens");
  expect("a.csv", "x", "takes .txt or .jsonl");
  expect("a.jsonl", "{\"text\": \"x\"}\n{\"txt\": 1}\n", "a.jsonl:2:");
  expect("a.jsonl", "{\"input_ids\": [1, 512]}\n", "input_ids[1]: 512; the model has ids 0 to 511");
  expect("a.jsonl", "{\"input_ids\": []}\n", "expected a list of token ids");
  expect("a.jsonl", "{\"input_ids\": [1.5]}\n", "1.5");
  expect("a.jsonl", "{\"input_ids\": [1}\n", "a.jsonl:1");
  expect("a.jsonl", "{\"text\": 3}\n", "expected a text");
  expect("a.jsonl", "{\"messages\": 3}\n", "messages");
  parameters_.sequence_length = 1 << 20;
  expect("a.txt", "x", "the model's context is");
}

}  // namespace
}  // namespace quantrial
