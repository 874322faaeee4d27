#include "study/text_overlap.h"

#include <gtest/gtest.h>

#include <numeric>

namespace quantrial {
namespace {

std::vector<int32_t> count_from(int32_t first, size_t count) {
  std::vector<int32_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST(TextOverlap, FindsAPieceOfTheCalibrationWhereverItStands) {
  const std::vector<std::vector<int32_t>> calibration = {count_from(0, 500), count_from(5000, 100)};
  const TextOverlap overlap(calibration);
  std::vector<int32_t> text = count_from(20'000, 77);
  const std::vector<int32_t> piece = count_from(123, overlap_tokens);
  text.insert(text.end(), piece.begin(), piece.end());
  EXPECT_EQ(overlap.find(text), 77U);
}

TEST(TextOverlap, ShorterPiecesAreNone) {
  const std::vector<std::vector<int32_t>> calibration = {count_from(0, 500)};
  const TextOverlap overlap(calibration);
  std::vector<int32_t> text = count_from(100, overlap_tokens - 1);
  text.push_back(9999);
  const std::vector<int32_t> more = count_from(300, overlap_tokens - 1);
  text.insert(text.end(), more.begin(), more.end());
  EXPECT_EQ(overlap.find(text), std::nullopt);
  EXPECT_EQ(overlap.find(count_from(0, 10)), std::nullopt);
}

// A piece spans no two sequences: they were never one text.
TEST(TextOverlap, SequencesStandApart) {
  const std::vector<std::vector<int32_t>> calibration = {count_from(0, 40), count_from(40, 40)};
  EXPECT_EQ(TextOverlap(calibration).find(count_from(0, 80)), std::nullopt);
}

}  // namespace
}  // namespace quantrial
