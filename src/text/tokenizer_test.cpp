#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <sstream>

#include "text/stream_decoder.h"
#include "text/test_folder.h"

namespace quantrial {
namespace {

using nlohmann::json;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

json read_json(const std::filesystem::path& path) { return json::parse(read_text_file(path)); }

// tests/text/tokenizer_cases.json, made with the tokenizers library by make_tokenizer_cases.py.
class LibraryCases : public testing::Test {
 protected:
  LibraryCases() : file_(json::parse(test_text("tokenizer_cases.json"))) {
    bases_["qwen3"] = read_json(QUANTRIAL_ORACLES "/qwen3/tokenizer.json");
    bases_["tiny"] = read_json(QUANTRIAL_ORACLES "/tiny/mm/tokenizer.json");
    bases_["small"] = file_["small"];
  }

  Tokenizer variant(const std::string& name) const {
    const json& description = file_["variants"][name];
    json tokenizer = bases_.at(description["base"]);
    tokenizer.merge_patch(description["patch"]);
    return Tokenizer::parse(tokenizer.dump());
  }

  json file_;
  std::map<std::string, json> bases_;
};

void expect_as_library(const Tokenizer& tokenizer, const json& one_case) {
  const json& stored = one_case[1];
  const bool bytes = stored.is_object();
  const std::string text = bytes ? from_hex(stored["hex"]) : stored.get<std::string>();
  const auto ids = one_case[2].get<std::vector<int32_t>>();
  SCOPED_TRACE(one_case.dump().substr(0, 2000));
  EXPECT_EQ(tokenizer.encode(text), ids);

  const json& decoded = one_case[3];
  std::string kept = text, skipped = text;
  if (decoded.is_string()) kept = skipped = decoded;
  if (decoded.is_object()) kept = decoded["kept"], skipped = decoded["skipped"];
  if (!bytes || !decoded.is_null()) {
    EXPECT_EQ(tokenizer.decode(ids, SpecialTokens::keep), kept);
    EXPECT_EQ(tokenizer.decode(ids, SpecialTokens::skip), skipped);
  }
  for (const auto special : {SpecialTokens::keep, SpecialTokens::skip}) {
    StreamDecoder stream(tokenizer, special);
    std::string streamed;
    for (const int32_t id : ids) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.finish(), tokenizer.decode(ids, special));
  }
}

TEST_F(LibraryCases, HaveTheLibrarysIdsAndTexts) {
  std::map<std::string, size_t> counts;
  for (const auto& [name, description] : file_["variants"].items()) {
    const Tokenizer tokenizer = variant(name);
    for (const json& one_case : file_["cases"]) {
      if (one_case[0] != name) continue;
      expect_as_library(tokenizer, one_case);
      ++counts[name];
    }
    EXPECT_GT(counts[name], 30u) << name;
  }
}

// llama.cpp's cases for Qwen2 (models/ggml-vocab-qwen2.gguf.inp and .out).
TEST(Tokenizer, GivesLlamaCppsIdsForQwen) {
  const auto tokenizer = Tokenizer::load(QUANTRIAL_ORACLES "/qwen3");
  const std::string texts = test_text("llama-cpp-qwen2.inp");
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::istringstream lines(test_text("llama-cpp-qwen2.out"));
  size_t count = 0;
  for (size_t at = 0; at < texts.size(); ++count) {
    const size_t end = std::min(texts.find(separator, at), texts.size());
    std::string line;
    std::getline(lines, line);
    std::istringstream numbers(line);
    const std::vector<int32_t> ids{std::istream_iterator<int32_t>(numbers), {}};
    const std::string text = texts.substr(at, end - at);
    EXPECT_EQ(tokenizer.encode(text), ids) << text;
    EXPECT_EQ(tokenizer.decode(ids, SpecialTokens::keep), text);
    at = end + separator.size();
  }
  EXPECT_EQ(count, 46u);
}

TEST(Tokenizer, KnowsItsTokens) {
  const auto tokenizer = Tokenizer::load(QUANTRIAL_ORACLES "/tiny/mm");
  EXPECT_EQ(tokenizer.vocab_size(), 512);
  EXPECT_EQ(tokenizer.id_of("<|im_end|>"), 510);
  EXPECT_EQ(tokenizer.id_of("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer.eos_id(), 510);
  EXPECT_TRUE(tokenizer.is_special(510));
  EXPECT_FALSE(tokenizer.is_special(0));
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_EQ(tokenizer.special_ids(),
            (std::vector<int32_t>{503, 504, 505, 506, 507, 508, 509, 510, 511}));
  EXPECT_EQ(tokenizer.token_bytes(*tokenizer.id_of("Ġ")), " ");
  for (const int32_t id : {-1, 512, 2'000'000'000}) {
    EXPECT_NE(error_of([&] { tokenizer.token_bytes(id); }).find("no such id"), std::string::npos);
    EXPECT_NE(error_of([&] { tokenizer.decode(std::vector{id}, SpecialTokens::skip); }), "");
  }
}

TEST(StreamDecoder, HoldsBackIncompleteSequencesAndFlushesThem) {
  const auto tokenizer = Tokenizer::load(QUANTRIAL_ORACLES "/tiny/mm");
  StreamDecoder stream(tokenizer, SpecialTokens::keep);
  const auto ids = tokenizer.encode("\xF0\x9F\xA6\x99");  // the tiny vocabulary has its bytes alone
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(stream.push(ids[0]), "");
  EXPECT_EQ(stream.push(ids[1]), "");
  EXPECT_EQ(stream.push(ids[2]), "");
  EXPECT_EQ(stream.push(ids[3]), "\xF0\x9F\xA6\x99");
  stream.push(ids[0]);
  stream.push(ids[1]);
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
  stream.push(ids[0]);
  EXPECT_EQ(stream.push(*tokenizer.id_of("a")),
            "\xEF\xBF\xBD"
            "a");
}

// Quadratic merging or backtracking would take minutes here; a deep stack would overflow.
TEST(Tokenizer, TakesLongPreTokensInOneGo) {
  const auto tokenizer = Tokenizer::load(QUANTRIAL_ORACLES "/qwen3");
  for (const std::string_view unit : {"a", " ", "\n", "\t", "!", "ab", "\xE4\xBD\xA0", "\xCC\x81",
                                      "1", " \n", "a\xCC\x81", "\xCC\x81\xCC\xA3"}) {
    std::string text;
    while (text.size() < 300'000) text += unit;
    const auto start = std::chrono::steady_clock::now();
    const auto ids = tokenizer.encode(text);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 5) << unit;
    if (unit.find('\xCC') == std::string_view::npos) {  // marks: NFC changes the text
      EXPECT_EQ(tokenizer.decode(ids, SpecialTokens::keep), text);
    }
  }
}

}  // namespace
}  // namespace quantrial
