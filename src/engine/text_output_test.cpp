#include "engine/text_output.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace quantrial {
namespace {

TEST(StopStrings, FoundAcrossPieces) {
  StopStrings stop({"</end>", "STOP"});
  EXPECT_EQ(stop.push("a<"), "a");
  EXPECT_EQ(stop.push("/e"), "");
  EXPECT_EQ(stop.push("x"), "</ex");
  EXPECT_EQ(stop.push("y S"), "y ");
  EXPECT_EQ(stop.push("TO"), "");
  EXPECT_FALSE(stop.found());
  EXPECT_EQ(stop.push("P and more"), "");
  EXPECT_TRUE(stop.found());
  EXPECT_EQ(stop.push("nothing"), "");
}

TEST(StopStrings, TheEarliestWinsAndTextBeforeItIsShown) {
  StopStrings stop({"bc", "abcd"});
  EXPECT_EQ(stop.push("xxabcd"), "xx");
  StopStrings again({"aab"});
  EXPECT_EQ(again.push("aaa"), "a");  // "aa" may go on with "b"
  EXPECT_EQ(again.push("b"), "");
  EXPECT_TRUE(again.found());
}

TEST(StopStrings, HeldBackTextComesAtTheEnd) {
  StopStrings stop({"\n\n"});
  EXPECT_EQ(stop.push("line\n"), "line");
  EXPECT_EQ(stop.finish(), "\n");
}

// Same text however it arrives: all ways to cut 12 characters in two or three.
TEST(StopStrings, CutsDoNotMatter) {
  const std::string text = "ababaabcabab";
  for (size_t i = 0; i <= text.size(); ++i) {
    for (size_t j = i; j <= text.size(); ++j) {
      StopStrings stop({"abc", "cab"});
      std::string shown = stop.push(text.substr(0, i));
      shown += stop.push(text.substr(i, j - i));
      shown += stop.push(text.substr(j));
      shown += stop.finish();
      EXPECT_EQ(shown, "ababa") << i << " " << j;
    }
  }
}

TEST(StopStrings, EmptyIsAnError) { EXPECT_THROW(StopStrings({""}), Error); }

TEST(TextOutput, WithoutTokenizerThereIsNoText) {
  TextOutput output(nullptr, SpecialTokens::skip, {});
  EXPECT_EQ(output.push(5), "");
  EXPECT_EQ(output.finish(), "");
}

TEST(TextOutput, DecodesAndStops) {
  const Tokenizer tokenizer = Tokenizer::load(QUANTRIAL_ORACLES "/tiny/text");
  const auto ids = tokenizer.encode("def f(x): return x");
  ASSERT_GT(ids.size(), 4u);
  TextOutput plain(&tokenizer, SpecialTokens::skip, {});
  std::string text;
  for (const int32_t id : ids) text += plain.push(id);
  EXPECT_EQ(text + plain.finish(), "def f(x): return x");
  EXPECT_EQ(plain.push(tokenizer.vocab_size() + 5), "");  // a padding row of the embedding

  TextOutput stopped(&tokenizer, SpecialTokens::skip, {"): r"});
  text.clear();
  for (const int32_t id : ids) text += stopped.push(id);
  EXPECT_TRUE(stopped.stopped());
  EXPECT_EQ(text + stopped.finish(), "def f(x");
}

}  // namespace
}  // namespace quantrial
