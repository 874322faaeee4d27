// For tests: round to nearest the slow way, and comparison of weights bit by bit.
#pragma once

#include <gtest/gtest.h>

#include "formats/pack.h"

namespace quantrial {

// Every group fitted and encoded by itself.
inline Weight rounded(const Weight& weight, const Codec& codec, const Activations& activations) {
  QuantizedMatrix matrix{
      .rows = rows(weight), .columns = columns(weight), .group_size = group_size(codec)};
  matrix.codes.resize(static_cast<size_t>(matrix.rows * matrix.columns));
  std::vector<float> row(static_cast<size_t>(matrix.columns));
  const auto group = static_cast<size_t>(matrix.group_size);
  for (int64_t n = 0; n < matrix.rows; ++n) {
    decode_row(weight, n, row);
    for (size_t k = 0; k < row.size(); k += group) {
      const auto w = std::span(row).subspan(k, group);
      const size_t at = static_cast<size_t>(n) * row.size() + k;
      std::visit(
          [&](const auto& c) {
            matrix.scales.push_back(c.fit(range_of(w)));
            c.encode(w, {}, matrix.scales.back(), std::span(matrix.codes).subspan(at, group));
          },
          codec);
    }
  }
  return pack(codec, std::move(matrix), activations);
}

template <typename T>
std::vector<T> copied(const Array<T>& array) {
  return {array.span().begin(), array.span().end()};
}

inline void expect_equal(const Int4Group& ours, const Int4Group& theirs, const std::string& what) {
  EXPECT_EQ(copied(ours.codes), copied(theirs.codes)) << what;
  EXPECT_EQ(copied(ours.zeros), copied(theirs.zeros)) << what;
  ASSERT_EQ(ours.scales.index(), theirs.scales.index()) << what;
  std::visit(
      [&](const auto& scales) {
        using T = std::decay_t<decltype(scales)>;
        EXPECT_EQ(copied(scales), copied(std::get<T>(theirs.scales))) << what;
      },
      ours.scales);
}

inline void expect_equal(const Nvfp4& ours, const Nvfp4& theirs, const std::string& what) {
  EXPECT_EQ(copied(ours.codes), copied(theirs.codes)) << what;
  EXPECT_EQ(copied(ours.scales), copied(theirs.scales)) << what;
  EXPECT_EQ(ours.global.divisor(), theirs.global.divisor()) << what;
}

inline void expect_equal(const Fp8Block& ours, const Fp8Block& theirs, const std::string& what) {
  EXPECT_EQ(copied(ours.codes), copied(theirs.codes)) << what;
  EXPECT_EQ(copied(ours.scales), copied(theirs.scales)) << what;
}

template <typename F>
void expect_equal_weights(const Weight& ours, const Weight& theirs, const std::string& what) {
  ASSERT_TRUE(std::holds_alternative<F>(ours) && std::holds_alternative<F>(theirs)) << what;
  expect_equal(std::get<F>(ours), std::get<F>(theirs), what);
}

}  // namespace quantrial
