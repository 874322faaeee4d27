// GPTQ's rounding and the descent after it on small matrices: what the definitions demand.
#include "quantize/coordinate_descent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "quantize/cholesky.h"
#include "quantize/round_with_feedback.h"
#include "quantize/scale_search.h"

namespace quantrial {
namespace {

constexpr int64_t N = 70, K = 192, L = 40;  // more than a tile of rows, more than a block of places

std::vector<float> draw(int64_t count, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(count));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(uniform(seed, i) - 0.5);
  return x;
}

// Rows whose columns follow one another, the last always 0.
std::vector<float> correlated(uint64_t seed) {
  std::vector<float> x = draw(L * K, seed);
  for (int64_t t = 0; t < L; ++t) {
    for (int64_t k = 1; k < K; ++k) {
      x[static_cast<size_t>(t * K + k)] += 0.9f * x[static_cast<size_t>(t * K + k - 1)];
    }
    x[static_cast<size_t>(t * K + K - 1)] = 0;
  }
  return x;
}

class FeedbackTest : public testing::Test {
 protected:
  FeedbackTest() {
    for (uint64_t s = 0; s < 9; ++s) moments.add({correlated(100 + s).data(), {L, K}}, workers);
  }
  // (w' - w) H (w' - w)^T with H of `feedback`.
  double objective(const QuantizedMatrix& matrix, const ErrorFeedback& feedback) {
    std::vector<float> values(w.size());
    decode(codec, matrix, {values.data(), {N, K}}, pool);
    double sum = 0;
    const auto error = [&](int64_t n, int64_t place) {
      const auto i = static_cast<size_t>(n * K + feedback.columns[static_cast<size_t>(place)]);
      return double{values[i]} - w[i];
    };
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t i = 0; i < K; ++i) {
        sum += error(n, i) * error(n, i) * feedback.diagonal[static_cast<size_t>(i)];
        for (int64_t j = i + 1; j < K; ++j) {
          sum += 2 * error(n, i) * error(n, j) * feedback.m[static_cast<size_t>(i * K + j)];
        }
      }
    }
    return sum;
  }
  View<const float, 2> weight() const { return {w.data(), {N, K}}; }

  ThreadPool pool{2};
  Workers workers{pool};
  InputMoments moments{K};
  std::vector<float> w = draw(N * K, 5);
  Codec codec = Int4Codec{.group_size = 32};
};

TEST_F(FeedbackTest, EachStageLowersTheOutputError) {
  const ErrorFeedback feedback = error_feedback(std::move(moments), {}, workers);
  EXPECT_GT(feedback.shrinkage, 0);
  EXPECT_LT(feedback.shrinkage, 1);
  const std::vector<GroupScale> scales = fit_scales(codec, weight(), pool);
  const double nearest = objective(round_under(codec, weight(), scales, pool), feedback);
  std::vector<float> steps(w.size());
  QuantizedMatrix matrix = round_with_feedback(codec, weight(), scales, feedback, steps, workers);
  double last = objective(matrix, feedback);
  EXPECT_LT(last, nearest);
  for (int pass = 0; pass < 3; ++pass) {
    descend_by_coordinates(codec, weight(), feedback, 1, matrix, steps, workers);
    const double now = objective(matrix, feedback);
    EXPECT_LE(now, last);
    last = now;
  }
}

TEST_F(FeedbackTest, AnInputThatWasNeverSeenIsRoundedToNearest) {
  const ErrorFeedback feedback = error_feedback(std::move(moments), {}, workers);
  const std::vector<GroupScale> scales = fit_scales(codec, weight(), pool);
  const QuantizedMatrix nearest = round_under(codec, weight(), scales, pool);
  QuantizedMatrix matrix = round_with_feedback(codec, weight(), scales, feedback, {}, workers);
  descend_by_coordinates(codec, weight(), feedback, 2, matrix, {}, workers);
  for (int64_t n = 0; n < N; ++n) {
    const auto last = static_cast<size_t>(n * K + K - 1);
    EXPECT_EQ(matrix.codes[last], nearest.codes[last]);
  }
}

TEST_F(FeedbackTest, IndependentInputsAreRoundedToNearest) {
  // One row a sequence and a different column each: H is diagonal.
  InputMoments diagonal(K);
  for (int64_t k = 0; k < K; ++k) {
    std::vector<float> x(static_cast<size_t>(K));
    x[static_cast<size_t>(k)] = 1;
    diagonal.add({x.data(), {1, K}}, workers);
  }
  const ErrorFeedback feedback = error_feedback(std::move(diagonal), {}, workers);
  const std::vector<GroupScale> scales = fit_scales(codec, weight(), pool);
  QuantizedMatrix matrix = round_with_feedback(codec, weight(), scales, feedback, {}, workers);
  descend_by_coordinates(codec, weight(), feedback, 1, matrix, {}, workers);
  EXPECT_EQ(matrix.codes, round_under(codec, weight(), scales, pool).codes);
}

TEST_F(FeedbackTest, MissingRankIsDampened) {
  // 192 columns from one sequence of one row: of rank 1.
  InputMoments one(K);
  const std::vector<float> x = draw(K, 9);
  one.add({x.data(), {1, K}}, workers);
  const ErrorFeedback feedback = error_feedback(
      std::move(one), {.dampening = 0, .shrinkage = FeedbackParameters::Shrinkage::none}, workers);
  EXPECT_GT(feedback.dampening, 0);
  for (const float m : feedback.m) EXPECT_TRUE(std::isfinite(m));
}

// Squares of the first column are denormal, those of the second 0 in float; and then all columns.
TEST_F(FeedbackTest, FaintInputsFeedNothingBack) {
  for (const bool all : {false, true}) {
    InputMoments faint(K);
    for (uint64_t sequence = 0; sequence < 4; ++sequence) {
      std::vector<float> x = draw(8 * K, 20 + sequence);
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t k = i % static_cast<size_t>(K);
        if (all || k < 2) x[i] *= k == 0 ? 1e-21f : 1e-38f;
      }
      faint.add({x.data(), {8, K}}, workers);
    }
    const ErrorFeedback feedback = error_feedback(std::move(faint), {}, workers);
    EXPECT_EQ(feedback.dampening, FeedbackParameters{}.dampening);
    for (const float m : feedback.m) ASSERT_TRUE(std::isfinite(m));
    for (int64_t i = 0; i < K; ++i) {
      if (!all && feedback.columns[static_cast<size_t>(i)] >= 2) continue;
      for (int64_t j = 0; j < i; ++j) EXPECT_EQ(feedback.m[static_cast<size_t>(i * K + j)], 0);
    }
  }
}

TEST(Cholesky, GivesTheFactor) {
  ThreadPool pool(3);
  Workers workers(pool);
  // L of small whole numbers, so that L L^T is exact.
  constexpr int64_t size = 300;
  std::vector<float> l(size * size), a(size * size);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = std::max<int64_t>(0, i - 5); j <= i; ++j) {
      l[static_cast<size_t>(i * size + j)] = i == j ? 8 : static_cast<float>((i * 7 + j) % 3 - 1);
    }
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      for (int64_t k = 0; k < size; ++k) {
        a[static_cast<size_t>(i * size + j)] +=
            l[static_cast<size_t>(i * size + k)] * l[static_cast<size_t>(j * size + k)];
      }
    }
  }
  ASSERT_TRUE(cholesky({a.data(), {size, size}}, workers));
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      EXPECT_EQ(a[static_cast<size_t>(i * size + j)], l[static_cast<size_t>(i * size + j)]);
    }
  }
  a.assign(a.size(), 0);
  EXPECT_FALSE(cholesky({a.data(), {size, size}}, workers));
}

}  // namespace
}  // namespace quantrial
