// Malformed tokenizer files end in an Error that names the key, or in a tokenizer; never in a
// crash.
#include "text/tokenizer_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "text/test_folder.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

using nlohmann::json;

// The tokenizer with eight tokens of tokenizer_cases.json, with more of what a file can have.
json make_small_tokenizer() {
  json tokenizer = json::parse(test_text("tokenizer_cases.json"))["small"];
  tokenizer["normalizer"] = {{"type", "NFC"}};
  tokenizer["pre_tokenizer"] = json::parse(
      R"({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "\\p{L}+|\\s"}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})");
  tokenizer["added_tokens"] = json::parse(
      R"([{"id": 8, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true}])");
  return tokenizer;
}

json small_tokenizer() {
  static const json tokenizer = make_small_tokenizer();
  return tokenizer;
}

// The error of reading `text` as a tokenizer.json, and of using what was read.
std::string error_with(std::string_view text) {
  return error_of([&] {
    const auto tokenizer = Tokenizer::parse(text);
    const auto ids = tokenizer.encode("ab aa <s> b\xC3\xA9\xFF");
    tokenizer.decode(ids, SpecialTokens::skip);
  });
}

std::string error_after(const std::string& pointer, const json& value) {
  json tokenizer = small_tokenizer();
  tokenizer[json::json_pointer(pointer)] = value;
  return error_with(tokenizer.dump());
}

TEST(TokenizerFile, IsReadWhenItIsWhole) { EXPECT_EQ(error_with(small_tokenizer().dump()), ""); }

TEST(TokenizerFile, NamesTheKeyAndValueThatItCannotDo) {
  const struct {
    const char* pointer;
    json value;
    const char* expected;
  } cases[] = {
      {"/version", "2.0", "version: \"2.0\""},
      {"/model/type", "WordPiece", "model.type: \"WordPiece\""},
      {"/model/type", "Unigram", "model.type: \"Unigram\""},
      {"/model/dropout", 0.1, "model.dropout: 0.1"},
      {"/model/byte_fallback", true, "model.byte_fallback: true"},
      {"/model/continuing_subword_prefix", "##", "model.continuing_subword_prefix: \"##\""},
      {"/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix: \"</w>\""},
      {"/model/unk_token", "<unk>", "model.unk_token: \"<unk>\""},
      {"/model/ignore_merges", "yes", "model.ignore_merges: \"yes\""},
      {"/model/vocab", json::array(), "model.vocab: []"},
      {"/model/vocab/a", -1, "model.vocab[\"a\"]: -1"},
      {"/model/vocab/a", 1.5, "model.vocab[\"a\"]: 1.5"},
      {"/model/vocab/a", 2'000'000'000, "model.vocab[\"a\"]: 2000000000"},
      {"/model/vocab/a", UINT64_MAX, "model.vocab[\"a\"]: 18446744073709551615"},
      {"/model/vocab/a", 2, "model.vocab: id 2 is there twice"},
      {"/model/merges", "a b", "model.merges: \"a b\""},
      {"/model/merges/0", "ab", "model.merges[0]: \"ab\""},
      {"/model/merges/0", "a b a", "model.merges[0]: \"a b a\""},
      {"/model/merges/0", json::array({"a"}), "model.merges[0]: [\"a\"]"},
      {"/model/merges/0", "b b", "model.merges[0]: \"bb\" is not in model.vocab"},
      {"/normalizer/type", "Lowercase", "normalizer.type: \"Lowercase\""},
      {"/normalizer", 5, "normalizer: 5"},
      {"/pre_tokenizer", nullptr, "pre_tokenizer: null"},
      {"/pre_tokenizer/type", "Whitespace", "pre_tokenizer.type: \"Whitespace\""},
      {"/pre_tokenizer/pretokenizers/0/behavior", "Removed",
       "pre_tokenizer.Split.behavior: \"Removed\""},
      {"/pre_tokenizer/pretokenizers/0/invert", true, "pre_tokenizer.Split.invert: true"},
      {"/pre_tokenizer/pretokenizers/0/pattern/Regex", "\\w+", "regular expression \"\\w+\": \\w"},
      {"/pre_tokenizer/pretokenizers/0/pattern/Regex", "(", "regular expression \"(\""},
      {"/pre_tokenizer/pretokenizers/1/add_prefix_space", true,
       "pre_tokenizer.ByteLevel.add_prefix_space: true"},
      {"/pre_tokenizer/pretokenizers", json::array(), "pre_tokenizer: {"},
      {"/post_processor", {{"type", "BertProcessing"}}, "post_processor.type: \"BertProcessing\""},
      {"/post_processor",
       {{"type", "TemplateProcessing"},
        {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}}},
       "post_processor.single: "},
      {"/decoder", nullptr, "decoder: null"},
      {"/decoder/type", "WordPiece", "decoder.type: \"WordPiece\""},
      {"/added_tokens/0/id", 9, "added_tokens[0].id: 9 for \"<s>\", expected 8"},
      {"/added_tokens/0/id", "8", "added_tokens[0].id: \"8\""},
      {"/added_tokens/0/content", 8, "added_tokens[0].content: 8"},
      {"/added_tokens", "x", "added_tokens: \"x\""},
  };
  for (const auto& one : cases) {
    const std::string error = error_after(one.pointer, one.value);
    EXPECT_NE(error.find(one.expected), std::string::npos) << one.pointer << ": " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(TokenizerFile, RefusesWhatIsNoFile) {
  const TestFolder folder;
  EXPECT_NE(error_of([&] { Tokenizer::load(folder.path()); }).find("no such file"),
            std::string::npos);
  for (const char* text : {"", "{", "[]", "5", "null", "\xFF", "{\"version\": \"1.0\"}"}) {
    EXPECT_NE(error_with(text), "") << text;
  }
  EXPECT_NE(error_with("{\"version\": " + std::string(1'000'000, '[')).find("levels"),
            std::string::npos);
  folder.write("tokenizer.json", "{}");
  EXPECT_NE(error_of([&] {
              Tokenizer::load(folder.path());
            }).find("tokenizer.json: file.version: missing"),
            std::string::npos);
  folder.write("tokenizer.json", small_tokenizer().dump());
  folder.write("tokenizer_config.json", "{\"eos_token\": 5}");
  EXPECT_NE(error_of([&] { Tokenizer::load(folder.path()); }).find("tokenizer_config.json"),
            std::string::npos);
  folder.write("tokenizer_config.json", "{\"eos_token\": \"no such token\"}");
  EXPECT_EQ(Tokenizer::load(folder.path()).eos_id(), std::nullopt);
}

TEST(TokenizerFile, SurvivesTruncationAtEveryByte) {
  const std::string text = small_tokenizer().dump();
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE(error_with(std::string_view(text).substr(0, length)), "") << length;
  }
}

TEST(TokenizerFile, SurvivesRandomDamage) {
  const std::string text = small_tokenizer().dump();
  for (uint64_t round = 0; round < 4000; ++round) {
    std::string damaged = text;
    for (uint64_t change = 0; change <= round % 3; ++change) {
      const auto random = philox(change, round);
      const size_t at = random[0] % damaged.size();
      switch (random[1] % 3) {
        case 0:
          damaged[at] = static_cast<char>(random[2]);
          break;
        case 1:
          damaged[at] = "0123456789\"{}[],:\\"[random[2] % 18];
          break;
        default:
          damaged.erase(at, random[2] % 12);
          break;
      }
    }
    error_with(damaged);
  }
}

// Any node of the file replaced by something of another type.
TEST(TokenizerFile, SurvivesWrongTypesEverywhere) {
  const json flat = small_tokenizer().flatten();
  const json wrong[] = {nullptr,
                        true,
                        -1,
                        1e300,
                        "",
                        "x",
                        json::array(),
                        json::object(),
                        json::array({json::object()})};
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
      for (const json& value : wrong) error_after(at.to_string(), value);
    }
  }
}

}  // namespace
}  // namespace quantrial
