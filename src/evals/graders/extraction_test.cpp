#include "evals/graders/extraction.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

TEST(LastBoxed, IsTheLastBalancedOne) {
  EXPECT_EQ(last_boxed("so \\boxed{1} or \\boxed{\\frac{1}{2}}."), "\\frac{1}{2}");
  EXPECT_EQ(last_boxed("\\boxed{1} then \\fbox{2}"), "2");
  EXPECT_EQ(last_boxed("\\boxed{\\left\\{ x \\right.}"), "\\left\\{ x \\right.");
  EXPECT_EQ(last_boxed("\\boxed {7}"), "7");
  EXPECT_EQ(last_boxed("$\\boxed 7$"), "7");
  EXPECT_EQ(last_boxed("\\boxed{a}} }"), "a");
}

TEST(LastBoxed, ThatIsNotFinishedIsNoAnswer) {
  EXPECT_EQ(last_boxed("\\boxed{1} and then \\boxed{2"), std::nullopt);
  EXPECT_EQ(last_boxed("\\boxed{}"), std::nullopt);
  EXPECT_EQ(last_boxed("\\boxed"), std::nullopt);
  EXPECT_EQ(last_boxed("the answer is 5"), std::nullopt);
  EXPECT_EQ(last_boxed("\\boxed" + std::string(1 << 20, '{')), std::nullopt);
}

TEST(LastNumber, IsTakenWhole) {
  EXPECT_EQ(last_number("first 3, then $1,234.50."), "1,234.50");
  EXPECT_EQ(last_number("it is -7 degrees"), "-7");
  EXPECT_EQ(last_number("pages 3-7"), "7");
  EXPECT_EQ(last_number("one half, 1/2"), "1/2");
  EXPECT_EQ(last_number("about .5"), ".5");
  EXPECT_EQ(last_number("none"), std::nullopt);
}

TEST(AnswerLine, IsWhatFollowsTheLastAnswer) {
  EXPECT_EQ(answer_line("Answer: 1\nNo.\n**Answer:** (B)\n"), "(B)");
  EXPECT_EQ(answer_line("**Answer: yes**"), "yes");
  EXPECT_EQ(answer_line("ANSWER:\n\n  True"), "True");
  EXPECT_EQ(answer_line("The final answer: 5\nThat was the answer."), "5");
  EXPECT_EQ(answer_line("The answer is 5"), std::nullopt);
  EXPECT_EQ(answer_line("Answer:"), std::nullopt);
}

TEST(JsonAnswer, IsTheFieldOfThatName) {
  EXPECT_EQ(json_answer("```json\n{\"answer\": \"C\"}\n```"), "C");
  EXPECT_EQ(json_answer("\"answer\": \"A\", no: \"Answer\" : \"B\""), "B");
  EXPECT_EQ(json_answer("{\"answer\": 12}"), "12");
  EXPECT_EQ(json_answer("{\"answer\": \"a \\\"b\\\"\"}"), "a \"b\"");
  EXPECT_EQ(json_answer("{\"answer\": \"open"), std::nullopt);
  EXPECT_EQ(json_answer("{'answer': 'B'}"), "B");
  EXPECT_EQ(json_answer("\"answer\": \"B\", and \"answer\" is a key"), "B");
}

TEST(TaggedAnswer, StandsBetweenTheLastTags) {
  EXPECT_EQ(tagged_answer("[ANSWER]1[/ANSWER] [ANSWER]\nassert f(1) == 2\n[/ANSWER]"),
            "assert f(1) == 2");
  EXPECT_EQ(tagged_answer("[ANSWER] 3"), "3");
  EXPECT_EQ(tagged_answer("3"), std::nullopt);
}

TEST(LastLine, HasNoMarkdown) {
  EXPECT_EQ(last_line("so\n**Yes**\n\n"), "Yes");
  EXPECT_EQ(last_line("a\n```\n"), "a");
  EXPECT_EQ(last_line("\n"), std::nullopt);
}

}  // namespace
}  // namespace quantrial
