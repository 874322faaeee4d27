// An operation as a loop in double, and its gradients by finite differences: what ours are compared
// with.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/random_weights.h"
#include "tests/tolerance.h"

namespace quantrial::gradients {

using Numbers = std::vector<double>;
// Inputs, in the order that a test names them, to the output.
using Forward = std::function<Numbers(const std::vector<Numbers>&)>;

inline double dot(const Numbers& x, const std::vector<float>& y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// An operation in double, its inputs as floats, and a gradient for its output.
class Textbook {
 public:
  Textbook(Forward forward, std::vector<std::vector<float>> floats, Random& random)
      : inputs(std::move(floats)), forward_(std::move(forward)) {
    for (const auto& x : inputs) numbers_.emplace_back(x.begin(), x.end());
    y_ = forward_(numbers_);
    dy = random.floats(static_cast<int64_t>(y_.size()));
  }

  void expect_output(const std::vector<float>& y) const { expect_close(y, y_, "y"); }

  // d(dy . y) / d(input) by central differences.
  void expect_gradient(size_t input, const std::vector<float>& found) {
    constexpr double h = 1e-4;
    Numbers expected;
    for (double& x : numbers_[input]) {
      const double before = x;
      x = before + h;
      const double up = dot(forward_(numbers_), dy);
      x = before - h;
      expected.push_back((up - dot(forward_(numbers_), dy)) / (2 * h));
      x = before;
    }
    expect_close(found, expected, "input " + std::to_string(input));
  }

  std::vector<std::vector<float>> inputs;
  std::vector<float> dy;

 private:
  // Relative to the largest, or to 1, the size of the inputs.
  static void expect_close(const std::vector<float>& ours, const Numbers& expected,
                           const std::string& what) {
    ASSERT_EQ(ours.size(), expected.size()) << what;
    double largest = 1, worst = 0;
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_TRUE(std::isfinite(ours[i])) << what << " " << i;
      worst = std::max(worst, std::abs(ours[i] - expected[i]));
      largest = std::max(largest, std::abs(expected[i]));
    }
    EXPECT_LE(worst / largest, tolerance::recurrence) << what;
  }

  Forward forward_;
  std::vector<Numbers> numbers_;
  Numbers y_;
};

}  // namespace quantrial::gradients
