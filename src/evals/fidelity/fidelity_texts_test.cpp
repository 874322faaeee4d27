#include "evals/fidelity/fidelity_texts.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "evals/fidelity/own_traces.h"
#include "text/tokenizer.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;
using S = TextSegment;

// Of the reference model (its card, and docs of its tokenizer): <think> and </think>.
constexpr int32_t think = 2046, think_end = 2047;

class FidelityTexts : public testing::Test {
 protected:
  std::vector<FidelityText> read(const std::string& name, const std::string& content,
                                 const FidelityLimits& limits = {}) const {
    const fs::path file = folder_.path() / name;
    std::ofstream(file, std::ios::binary) << content;
    return read_fidelity_texts({&file, 1}, model_, config_, limits);
  }
  void expect_error(const std::string& name, const std::string& content, const std::string& part) {
    try {
      read(name, content);
      ADD_FAILURE() << content << " was taken";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }

  TemporaryFolder folder_;
  fs::path model_ = fs::path(QUANTRIAL_SOURCE) / "models/reference";
  ModelConfig config_ = read_model_config(model_);
  Tokenizer tokenizer_ = Tokenizer::load(model_);
};

TEST_F(FidelityTexts, CutsPlainTextByContextAndTokens) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "The answer is 12. ";
  const std::vector<int32_t> ids = tokenizer_.encode(text);
  ASSERT_GT(ids.size(), 100u);
  const auto texts = read("a.txt", text, {.tokens = 50, .context = 20});
  ASSERT_EQ(texts.size(), 3u);
  std::vector<int32_t> joined;
  for (const FidelityText& part : texts) {
    EXPECT_EQ(part.segments, std::vector<S>(part.tokens.size(), S::text));
    joined.insert(joined.end(), part.tokens.begin(), part.tokens.end());
  }
  EXPECT_EQ(joined, std::vector<int32_t>(ids.begin(), ids.begin() + 50));
  EXPECT_EQ(predicted_tokens(texts), 47);
  EXPECT_EQ(longest(texts), 20);
}

TEST_F(FidelityTexts, KeepsLinesApart) {
  const auto texts = read("a.jsonl",
                          "{\"text\": \"one two\"}\n\n{\"input_ids\": [5, 6, 7]}\n"
                          "{\"input_ids\": [9]}\n");  // which predicts nothing
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].tokens, tokenizer_.encode("one two"));
  EXPECT_EQ(texts[1].tokens, (std::vector<int32_t>{5, 6, 7}));
}

TEST_F(FidelityTexts, SplitsTracesIntoSegments) {
  const std::vector<int32_t> ids = {10, think, 11, 12, think_end, 13, 14};
  EXPECT_EQ(trace_segments(ids, 2, tokenizer_),
            (std::vector<S>{S::prompt, S::prompt, S::thinking, S::thinking, S::think_end, S::answer,
                            S::answer}));
  EXPECT_EQ(trace_segments(ids, 1, tokenizer_)[1], S::thinking);    // it opened the thinking itself
  EXPECT_EQ(trace_segments(ids, 6, tokenizer_).back(), S::answer);  // thinking was off
  const std::vector<int32_t> cut(ids.begin(), ids.begin() + 4);
  EXPECT_EQ(trace_segments(cut, 2, tokenizer_).back(), S::thinking);
  const std::vector<int32_t> plain = {10, 11, 12};
  EXPECT_EQ(trace_segments(plain, 1, tokenizer_).back(), S::answer);
}

TEST_F(FidelityTexts, RendersChats) {
  const auto texts = read(
      "a.jsonl",
      R"({"messages": [{"role": "user", "content": "Hi"}], "completion": "so</think>\n\nYes<|im_end|>"})"
      "\n"
      R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]})"
      "\n");
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(tokenizer_.decode(texts[0].tokens, SpecialTokens::keep),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\nso</think>\n\n"
            "Yes<|im_end|>");
  EXPECT_EQ(texts[0].segments.front(), S::prompt);
  EXPECT_EQ(texts[0].segments.back(), S::answer);
  EXPECT_EQ(std::count(texts[0].segments.begin(), texts[0].segments.end(), S::think_end), 1);
  EXPECT_EQ(tokenizer_.decode(texts[1].tokens, SpecialTokens::keep),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n");
  std::vector<int32_t> answer;
  for (size_t i = 0; i < texts[1].tokens.size(); ++i) {
    if (texts[1].segments[i] == S::answer) answer.push_back(texts[1].tokens[i]);
  }
  EXPECT_EQ(tokenizer_.decode(answer, SpecialTokens::keep), "Yes<|im_end|>\n");
}

TEST_F(FidelityTexts, ReadsTracesThatItWrote) {
  const std::vector<int32_t> ids = {10, think, 11, think_end, 13};
  const std::vector<FidelityText> traces = {{ids, trace_segments(ids, 2, tokenizer_), "q:1"}};
  const auto texts = read("traces.jsonl", trace_lines(traces));
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(texts[0].tokens, ids);
  EXPECT_EQ(texts[0].segments, traces[0].segments);
}

TEST_F(FidelityTexts, RefusesWhatItCannotUse) {
  expect_error("a.jsonl", "{\"input_ids\": [1, 4000]}", "a.jsonl:1: input_ids[1]: 4000");
  expect_error("a.jsonl", "{\"input_ids\": [1, 2], \"prompt_tokens\": 3}", "prompt_tokens: 3");
  expect_error("a.jsonl", "\n{\"words\": 1}", "a.jsonl:2");
  expect_error("a.jsonl", "[1]", "expected an object");
  expect_error("a.jsonl", "{\"text\": 7}", "text: 7");
  expect_error("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}",
               "assistant");
  expect_error("a.jsonl", "{\"messages\": [{\"role\": 5, \"content\": \"x\"}]}", "assistant");
  expect_error("a.jsonl", "{\"messages\": 5}", "messages");
  expect_error("a.txt", "", "nothing to predict");
  EXPECT_THROW(read("a.txt", "one two", {.context = 40000}), Error);
}

}  // namespace
}  // namespace quantrial
