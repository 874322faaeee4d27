#include "text/reasoning.h"

#include <gtest/gtest.h>

#include "text/test_folder.h"

namespace quantrial {
namespace {

// Pushes `text` in pieces of `piece` bytes.
ReasoningText streamed(std::string_view text, PromptEnd prompt_end, size_t piece) {
  ReasoningSplitter splitter(prompt_end);
  ReasoningText all;
  const auto add = [&](const ReasoningText& part) {
    all.reasoning += part.reasoning;
    all.answer += part.answer;
  };
  for (size_t at = 0; at < text.size(); at += piece) add(splitter.push(text.substr(at, piece)));
  add(splitter.finish());
  return all;
}

void expect_split(std::string_view text, PromptEnd prompt_end, const std::string& reasoning,
                  const std::string& answer) {
  SCOPED_TRACE(std::string(text));
  const ReasoningText whole = split_reasoning(text, prompt_end);
  EXPECT_EQ(whole.reasoning, reasoning);
  EXPECT_EQ(whole.answer, answer);
  for (size_t piece = 1; piece <= 12; ++piece) {
    const ReasoningText parts = streamed(text, prompt_end, piece);
    EXPECT_EQ(parts.reasoning, reasoning) << piece;
    EXPECT_EQ(parts.answer, answer) << piece;
  }
}

// "reasoning" of template_cases.json: Qwen3.5's template takes the text apart, run by Jinja2.
TEST(Reasoning, IsWhatQwensTemplateTakesForReasoning) {
  const std::string tag = "<think>";
  const auto file = test_json("template_cases.json");
  EXPECT_GE(file["reasoning"].size(), 7u);
  for (const auto& one_case : file["reasoning"]) {
    const std::string text = one_case[0];
    expect_split(text, PromptEnd::outside_reasoning, one_case[1], one_case[2]);
    expect_split(text, PromptEnd::inside_reasoning, one_case[1],
                 one_case[2]);  // repeats the prompt's
    expect_split(text.substr(tag.size()), PromptEnd::inside_reasoning, one_case[1], one_case[2]);
  }
}

// vLLM's qwen3 parser (vllm/reasoning/qwen3_reasoning_parser.py): the first </think> ends it; when
// the prompt opened it, a text without one is reasoning.
TEST(Reasoning, FollowsVllmWhereTheTemplateSaysNothing) {
  expect_split("a</think>b</think>c", PromptEnd::inside_reasoning, "a", "b</think>c");
  expect_split("\nstill thinking\n", PromptEnd::inside_reasoning, "still thinking", "");
  expect_split("a\n</thi", PromptEnd::inside_reasoning, "a\n</thi", "");
  expect_split("<think>\ncut off", PromptEnd::outside_reasoning, "cut off", "");
  expect_split("", PromptEnd::inside_reasoning, "", "");
  expect_split(" \n <think>\na\n</think>\nb", PromptEnd::outside_reasoning, "a", "b");
}

TEST(Reasoning, LeavesAPlainAnswerAlone) {
  for (const char* text : {"", "\n", "  plain\n", "<thin", "<thinking> is hard",
                           "Write <think>x</think> tags.\n", "</think>"}) {
    expect_split(text, PromptEnd::outside_reasoning, "", text);
  }
}

TEST(Reasoning, ShowsTextAsSoonAsItIsSettled) {
  ReasoningSplitter splitter(PromptEnd::inside_reasoning);
  EXPECT_EQ(splitter.push("\nab").reasoning, "ab");
  EXPECT_EQ(splitter.push("c\n\n").reasoning, "c");
  EXPECT_EQ(splitter.push("d</th").reasoning, "\n\nd");
  EXPECT_TRUE(splitter.in_reasoning());
  EXPECT_EQ(splitter.push("e").reasoning, "</the");
  EXPECT_EQ(splitter.push("</think>\n").answer, "");
  EXPECT_FALSE(splitter.in_reasoning());
  EXPECT_EQ(splitter.push("\nanswer\n").answer, "answer\n");
}

TEST(Reasoning, SeesWhereThePromptEnds) {
  EXPECT_EQ(prompt_end("<|im_start|>assistant\n<think>\n"), PromptEnd::inside_reasoning);
  EXPECT_EQ(prompt_end("<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            PromptEnd::outside_reasoning);
  EXPECT_EQ(prompt_end("what does <think> mean?<|im_end|>\n<|im_start|>assistant\n"),
            PromptEnd::outside_reasoning);
  EXPECT_EQ(prompt_end(""), PromptEnd::outside_reasoning);
}

}  // namespace
}  // namespace quantrial
