#include "base/checked.h"

#include <gtest/gtest.h>

#include <vector>

namespace quantrial {
namespace {

TEST(Checked, ProductsUpToTheLimitAreExact) {
  EXPECT_EQ(checked_multiply(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(checked_multiply(int64_t{1} << 31, int64_t{1} << 31), int64_t{1} << 62);
  EXPECT_EQ(checked_product({int64_t{1} << 20, int64_t{1} << 20, int64_t{1} << 22}),
            int64_t{1} << 62);
  EXPECT_EQ(checked_product(std::vector<int64_t>{}, 4), 4);
  EXPECT_EQ(checked_product({INT64_MAX, 0, 1}), 0);
  EXPECT_EQ(checked_sum({INT64_MAX - 2, 1, 1}), INT64_MAX);
}

TEST(Checked, WhatPassesTheLimitIsAnError) {
  EXPECT_THROW(checked_multiply(INT64_MAX, 2), Error);
  EXPECT_THROW(checked_multiply(int64_t{1} << 32, int64_t{1} << 31), Error);
  EXPECT_THROW(checked_multiply(INT64_MIN, -1), Error);
  EXPECT_THROW(checked_product({INT64_MAX, 2, 0}), Error) << "whatever follows";
  EXPECT_THROW(checked_add(INT64_MAX, 1), Error);
  EXPECT_THROW(checked_sum({INT64_MAX, 1, -1}), Error);
}

}  // namespace
}  // namespace quantrial
