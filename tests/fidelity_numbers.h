// Every number of an expected fidelity report against ours, by name.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace quantrial {

// Relative difference of at most `tolerance`; numbers below 1e-3 are compared as if they were 1e-3.
inline void expect_numbers(const nlohmann::ordered_json& ours, const nlohmann::json& expected,
                           double tolerance, const std::string& where = "") {
  if (expected.is_object()) {
    ASSERT_TRUE(ours.is_object()) << where;
    EXPECT_EQ(ours.size(), expected.size()) << where;
    for (const auto& [key, value] : expected.items()) {
      ASSERT_TRUE(ours.contains(key)) << where << " " << key;
      expect_numbers(ours[key], value, tolerance, where + " " + key);
    }
  } else if (expected.is_number()) {
    ASSERT_TRUE(ours.is_number()) << where;
    const double value = expected.get<double>();
    EXPECT_NEAR(ours.get<double>(), value, tolerance * std::max(std::abs(value), 1e-3)) << where;
  } else {
    EXPECT_EQ(nlohmann::json(ours), expected) << where;
  }
}

}  // namespace quantrial
