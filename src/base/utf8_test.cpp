#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"

namespace quantrial {
namespace {

TEST(Utf8, FollowsUnicodeTable37) {
  EXPECT_EQ(utf8_sequence_length("a"), 1u);
  EXPECT_EQ(utf8_sequence_length("\xC3\xA4"), 2u);
  EXPECT_EQ(utf8_sequence_length("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(utf8_sequence_length("\xF0\x9F\xA6\x99"), 4u);
  EXPECT_EQ(utf8_sequence_length("\xC0\x80"), 0u) << "overlong";
  EXPECT_EQ(utf8_sequence_length("\xE0\x80\x80"), 0u) << "overlong";
  EXPECT_EQ(utf8_sequence_length("\xED\xA0\x80"), 0u) << "surrogate";
  EXPECT_EQ(utf8_sequence_length("\xF4\x90\x80\x80"), 0u) << "beyond U+10FFFF";
  EXPECT_EQ(utf8_sequence_length("\xF0\x9F\xA6"), 0u) << "cut off";
}

TEST(Utf8, HoldsBackOnlyWhatCouldStillBecomeWellFormed) {
  EXPECT_EQ(utf8_complete_prefix("ab\xF0\x9F\xA6"), 2u);
  EXPECT_EQ(utf8_complete_prefix("ab\xE2"), 2u);
  EXPECT_EQ(utf8_complete_prefix("ab\xC3\xA4"), 4u);
  EXPECT_EQ(utf8_complete_prefix("ab\x80"), 3u) << "a stray continuation never completes";
  EXPECT_EQ(utf8_complete_prefix("ab\xED\xA0"), 4u) << "a surrogate never completes";
}

TEST(Escaped, MakesBytesOfAFileSafeToPrint) {
  EXPECT_EQ(escaped("weight\n\x1b[0m"), "weight\\x0a\\x1b[0m");
  EXPECT_EQ(escaped("\xFFok\\"), "\\xffok\\");
  EXPECT_EQ(escaped("\\d \\xff"), "\\d \\x5cxff");
  EXPECT_EQ(escaped("größe"), "größe");
  EXPECT_EQ(escaped(std::string(200, 'a'), 10), std::string(10, 'a') + "...");
}

// Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10 rounds).
TEST(Rng, MatchesRandom123) {
  EXPECT_EQ(philox(0, 0),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Utf8, ACommonPrefixEndsBetweenCharacters) {
  EXPECT_EQ(utf8_common_prefix("abc", "abd"), 2u);
  EXPECT_EQ(utf8_common_prefix("a\u00e4", "a\u00e5"), 1u) << "they share the first byte";
  EXPECT_EQ(utf8_common_prefix("a", "a"), 1u);
  EXPECT_EQ(utf8_common_prefix("", "a"), 0u);
}

}  // namespace
}  // namespace quantrial
