// Corner cases of Python's str, re, json and random. Expected values: CPython 3.11.7.
#include <gtest/gtest.h>

#include "base/error.h"
#include "evals/graders/ifeval/python_json.h"
#include "evals/graders/ifeval/python_random.h"
#include "evals/graders/ifeval/python_regex.h"
#include "evals/graders/ifeval/python_text.h"

namespace quantrial::python {
namespace {

TEST(PythonText, LowerIsTheFullMapping) {
  EXPECT_EQ(lower("ΟΔΟΣ ΣΑΣ Σ"), "οδος σας σ");
  EXPECT_EQ(lower("A\u03A3\u034F B"), "a\u03C2\u034F b");
  EXPECT_EQ(lower("\u0130stanbul ŞẞǄ"), "i\u0307stanbul şßǆ");
  EXPECT_EQ(lower("ПРИВЕТ Ⅷ"), "привет ⅷ");
  EXPECT_EQ(lower("\u212B\u212A"), "åk");
}

TEST(PythonText, CaseOfATextIgnoresWhatHasNone) {
  for (const char* text : {"ПРИВЕТ 1", "Ⅷ", "A1", "ẞ"}) EXPECT_TRUE(is_upper(text)) << text;
  for (const char* text : {"ǅ", "हिन्दी", "ªA", "", "1", "Aa"}) EXPECT_FALSE(is_upper(text)) << text;
  EXPECT_TRUE(is_lower("ª ß 1"));
  EXPECT_FALSE(is_lower("ß A"));
  EXPECT_TRUE(is_upper(U'Ⅷ') && is_upper(U'Ж') && !is_upper(U'ß') && !is_upper(U'1'));
}

TEST(PythonText, WhiteSpaceHasTheSeparatorsOfAscii) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split(" a\x1c"
                  "b\u3000c\u200b\r\n"),
            (Words{"a", "b", "c\u200b"}));
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split("a,,b,", ","), (Words{"a", "", "b", ""}));
  EXPECT_EQ(strip("\u00A0\x1f a b\u0085"), "a b");
  EXPECT_EQ(strip("**a*", "*"), "a");
  EXPECT_EQ(replace("a--b--", "--", "+"), "a+b+");
}

TEST(PythonRegex, DiffersFromPcre2WhereReDoes) {
  EXPECT_EQ(PythonRegex("\\s").count("a\x1c\u180E\u2028\u0085"), 3u);
  EXPECT_EQ(PythonRegex("\\w+").count("हिन्दी na\u0308ive"), 5u);
  EXPECT_TRUE(PythonRegex("(?i)in").search("\u0130N"));
  EXPECT_TRUE(PythonRegex("(?i)ks").search("\u212A\u017F"));
  EXPECT_EQ(PythonRegex("x*").count("axé"), 4u);  // re.findall: '', 'x', '', ''
  EXPECT_THROW(PythonRegex("("), Error);
}

TEST(PythonJson, TakesWhatLoadsTakes) {
  for (const char* text :
       {"{\"a\" : [1, -0.5e3, {}] }", "NaN", "-Infinity", "\"\\ud800\"", " 1\n", "[1e999]"}) {
    EXPECT_TRUE(json_loads(text)) << text;
  }
  for (const char* text :
       {"", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "1e", "-", "\"a\nb\"", "\"\\x\"", "'a'",
        "true false", "\uFEFF{}", "\u00A0{}", "\"\\u12\"", "[1 2]"}) {
    EXPECT_FALSE(json_loads(text)) << text;
  }
  EXPECT_FALSE(json_loads(std::string(100'000, '[')));
}

TEST(PythonRandom, GivesTheSameNumbers) {
  Random zero(0);
  EXPECT_EQ(zero.random(), 0.8444218515250481);
  EXPECT_EQ(zero.random(), 0.7579544029403025);
  Random mixed(0);
  EXPECT_DOUBLE_EQ(mixed.gauss(), 0.9417154046806644);
  EXPECT_DOUBLE_EQ(mixed.gauss(), -1.3965781047011498);
  EXPECT_EQ(mixed.below(1000), 430u);
  EXPECT_EQ(mixed.below(1000), 41u);
  EXPECT_EQ(Random(5).random(), 0.6229016948897019);
}

}  // namespace
}  // namespace quantrial::python
