#include "text/regex.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "text/oniguruma.h"
#include "text/test_folder.h"

namespace quantrial {
namespace {

using CodePoint = uint32_t;

std::string utf8(CodePoint c) {
  const auto byte = [](CodePoint bits) { return static_cast<char>(bits); };
  const auto tail = [&](int shift) { return byte(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), tail(6), tail(0)};
  return {byte(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

// unicode.json: for each pattern the code points that Oniguruma matches, [first, last, ...].
class Classes : public testing::Test {
 protected:
  void expect(const std::string& pattern, const Regex& regex, CodePoint c, bool matches) {
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    const bool moved = c == 0x1171E;  // from Mn to Mc since Unicode 14; M has it either way
    if (surrogate || (moved && pattern.starts_with("\\p{M") && pattern != "\\p{M}")) return;
    EXPECT_EQ(regex.find(utf8(c), 0, scratch_).has_value(), matches)
        << pattern << " U+" << std::hex << c;
  }

  nlohmann::ordered_json file_ = test_json("unicode.json");
  Regex::Scratch scratch_;
};

TEST_F(Classes, AreOnigurumasAtTheEndsOfAllRanges) {
  for (const auto& [pattern, ranges] : file_.items()) {
    const Regex regex(pattern);
    for (size_t i = 0; i < ranges.size(); i += 2) {
      const CodePoint first = ranges[i], last = ranges[i + 1];
      expect(pattern, regex, first, true);
      expect(pattern, regex, last, true);
      const CodePoint previous = i == 0 ? 0xFFFFFFFF : ranges[i - 1].get<CodePoint>();
      if (first > 0 && first - 1 != previous) expect(pattern, regex, first - 1, false);
      const CodePoint next = i + 2 < ranges.size() ? ranges[i + 2].get<CodePoint>() : 0xFFFFFFFF;
      if (last < 0x10FFFF && last + 1 != next) expect(pattern, regex, last + 1, false);
    }
  }
}

TEST_F(Classes, OfQwensPatternAreOnigurumasEverywhere) {
  for (const char* pattern : {"\\p{L}", "\\p{M}", "\\p{N}", "\\s"}) {
    const Regex regex(pattern);
    const auto ranges = file_[pattern].get<std::vector<CodePoint>>();
    size_t next = 0;
    for (CodePoint c = 0; c < 0x110000; ++c) {
      while (next < ranges.size() && c > ranges[next + 1]) next += 2;
      expect(pattern, regex, c, next < ranges.size() && c >= ranges[next]);
    }
  }
}

TEST(Oniguruma, RefusesWhatPcre2ReadsDifferently) {
  for (const char* pattern :
       {"\\w",     "\\W",     "\\b",      "\\h",         "\\R",    "\\X",      "\\1",
        "\\0",     "\\x41",   "\\v",      "[[:alpha:]]", "[a&&b]", "[a",       "[]",
        "[]a]",    "a{1,2}+", "(?<n>a)",  "(?m)a",       "(?x) a", "\\p{Han}", "\\p{C}",
        "\\p{Cn}", "\\pL",    "[\\P{L}]", "[\\D]",       "\\",     "\\p{L",    "(?"}) {
    EXPECT_NE(error_of([&] { pcre2_pattern(pattern); }), "") << pattern;
  }
  for (const char* pattern : {"(", ")", "*", "a**", "(?:", "[b-a]"}) {
    EXPECT_NE(error_of([&] { Regex regex(pattern); }), "") << pattern;
  }
}

TEST(Oniguruma, CopiesWhatBothReadAlike) {
  const std::string pattern =
      R"((?i:'s|'t)|[^\r\n]?a+?b*+(?=c)(?<!d)(?>e)\.\\\[x{2,3}\x{4e00}[a-z\-\]])";
  EXPECT_EQ(pcre2_pattern(pattern), pattern);
}

TEST(Regex, GivesUpOnEndlessBacktracking) {
  const Regex regex("(a|a)+$");
  Regex::Scratch scratch;
  EXPECT_NE(error_of([&] { regex.find(std::string(5000, 'a') + '!', 0, scratch); }), "");
}

}  // namespace
}  // namespace quantrial
