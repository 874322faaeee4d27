// Which part of a text is graded: the rule of evaluation.md 0.2.
#include "evals/sample_text.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

constexpr PromptEnd on = PromptEnd::inside_reasoning, off = PromptEnd::outside_reasoning;

TEST(SampleTexts, AreSplitAtTheLastEndOfThinking) {
  EXPECT_EQ(split_sample("hm</think>\n\n42\n", on).answer, "42\n");
  const SampleText again = split_sample("hm</think>41<think>no</think>42", on);
  EXPECT_EQ(again.answer, "42");
  EXPECT_EQ(again.thinking_bytes, std::string_view("hm</think>41<think>no</think>").size());
  EXPECT_EQ(split_sample("41<think>no</think>42", off).answer, "42");
  EXPECT_EQ(split_sample("hm</think>", on).answer, "");
  EXPECT_FALSE(split_sample("hm</think>", on).in_thinking);
}

TEST(SampleTexts, WithoutAnEndOfThinkingHaveAnAnswerOnlyWhereNoneBegan) {
  EXPECT_TRUE(split_sample("42", on).in_thinking);
  EXPECT_EQ(split_sample("42", on).answer, "");
  EXPECT_EQ(split_sample("42", on).thinking_bytes, 2u);
  EXPECT_FALSE(split_sample("\n 42 ", off).in_thinking);
  EXPECT_EQ(split_sample("\n 42 ", off).answer, "\n 42 ");
  EXPECT_TRUE(split_sample(" <think>42", off).in_thinking);
}

TEST(SampleTexts, HaveTheTokensOfTheirParts) {
  const Tokenizer tokenizer = Tokenizer::load(QUANTRIAL_SOURCE "/models/reference");
  const auto count = [&](const std::string& text) {
    return static_cast<int64_t>(tokenizer.encode(text).size());
  };
  const auto split = [&](const std::string& text, PromptEnd begins) {
    return split_tokens(tokenizer.encode(text), tokenizer, begins);
  };
  const std::string thinking = "6 * 7 = 41\n</think>", again = "<think>\n42\n</think>";
  EXPECT_EQ(split(thinking + "42", on).thinking, count(thinking));
  EXPECT_EQ(split(thinking + "42", on).answer, count("42"));
  EXPECT_EQ(split(thinking + "41" + again + "42", on).thinking, count(thinking + "41" + again));
  EXPECT_EQ(split(thinking + "41" + again + "42", on).answer, count("42"));
  EXPECT_EQ(split("6 * 7", on).thinking, count("6 * 7"));
  EXPECT_EQ(split("6 * 7", off).answer, count("6 * 7"));
}

}  // namespace
}  // namespace quantrial
