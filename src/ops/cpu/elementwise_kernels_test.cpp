// The vectorised exp through the gates that are made of it, against the standard library in double,
// each number relative to itself.
#include "ops/cpu/elementwise_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/instruction_sets.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

class Gates : public EachInstructionSet {};
INSTANTIATE_TEST_SUITE_P(On, Gates, testing::ValuesIn(instruction_sets()), instruction_set_name);

constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<float> sigmoids(const std::vector<float>& x) {
  std::vector<float> y(x.size(), 1.0f);
  kernels::sigmoid_multiply(x.data(), static_cast<int64_t>(x.size()), y.data());
  return y;
}

TEST_P(Gates, SigmoidIsExactToFloatsLastBits) {
  std::vector<float> x;
  for (float v = -87; v < 100; v += 0.00137f) x.push_back(v);
  const std::vector<float> y = sigmoids(x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = 1 / (1 + std::exp(-double{x[i]}));
    ASSERT_LE(std::abs(y[i] - expected), tolerance::operation * expected) << x[i];
  }
}

TEST_P(Gates, FarEndsAndNotANumber) {
  const std::vector<float> y = sigmoids({-infinity, -1e30f, -200, 200, 1e30f, infinity, NAN});
  const std::vector<float> expected = {0, 0, 0, 1, 1, 1};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.begin()));
  EXPECT_TRUE(std::isnan(y[6]));
}

// -softplus(a) with A_log 0, for sums a that are tiny, usual and beyond 20.
TEST_P(Gates, SoftplusIsExactToFloatsLastBits) {
  const std::vector<float> zeros(1, 0.0f);
  for (float a = -86; a < 90; a += 0.0137f) {
    float g = 0, beta = 0;
    kernels::delta_gates({.a = &a,
                          .b = zeros.data(),
                          .A_log = zeros.data(),
                          .dt_bias = zeros.data(),
                          .g = &g,
                          .beta = &beta},
                         1);
    const double expected = std::log1p(std::exp(double{a}));
    ASSERT_LE(std::abs(-g - expected), tolerance::operation * expected) << a;
    ASSERT_EQ(beta, 0.5f);
  }
}

// Any number of taps gives the convolution that four do.
TEST_P(Gates, ConvolutionOfOneTapAndFive) {
  constexpr int64_t C = 37;
  for (const int64_t W : {1, 5}) {
    std::vector<float> weight(C * W), rows(W * C), taps(weight.size()), y(C);
    for (size_t i = 0; i < weight.size(); ++i) {
      weight[i] = std::sin(static_cast<float>(i));
      rows[i] = std::cos(static_cast<float>(3 * i));
    }
    kernels::convolve({.weight = weight.data(),
                       .past = rows.data(),
                       .x = rows.data() + (W - 1) * C,
                       .C = C,
                       .W = W,
                       .n = C,
                       .rows = 1},
                      taps.data(), y.data());
    for (int64_t c = 0; c < C; ++c) {
      double sum = 0;
      for (int64_t j = 0; j < W; ++j) {
        sum +=
            double{weight[static_cast<size_t>(c * W + j)]} * rows[static_cast<size_t>(j * C + c)];
      }
      EXPECT_NEAR(y[static_cast<size_t>(c)], sum / (1 + std::exp(-sum)), tolerance::operation);
    }
  }
}

}  // namespace
}  // namespace quantrial
