// The CPU backend beside its textbook twin, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "ops/backend.h"
#include "tests/instruction_sets.h"
#include "tests/random_weights.h"

namespace quantrial {

// A matrix with its memory.
struct Numbers {
  std::vector<float> values;
  template <int Rank>
  View<float, Rank> view(std::array<int64_t, Rank> shape) {
    return {values.data(), shape};
  }
};

inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return INFINITY;
    difference = std::max(difference, std::abs(double{a[i]} - b[i]));
    largest = std::max(largest, std::abs(double{b[i]}));
  }
  return difference / std::max(largest, 1e-30);
}

inline constexpr BackendOptions fp32{.precision = Precision::fp32, .threads = 2};

class BackendPair : public OnInstructionSet {
 protected:
  std::unique_ptr<Backend> cpu_ = make_cpu_backend(fp32);
  std::unique_ptr<Backend> reference_ = make_reference_backend(fp32);
  Random random_{1};

  void choose(const BackendOptions& options) {
    cpu_ = make_cpu_backend(options);
    reference_ = make_reference_backend(options);
  }

  // Runs `body(backend)` -> results on both and compares.
  template <typename Body>
  void expect_same(double tolerance, Body body) {
    const std::vector<float> ours = body(*cpu_), theirs = body(*reference_);
    ASSERT_EQ(ours.size(), theirs.size());
    EXPECT_LE(largest_difference(ours, theirs), tolerance);
  }
};

}  // namespace quantrial
