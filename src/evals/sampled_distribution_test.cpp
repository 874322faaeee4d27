// The closed form of two draws under the same noise against the sampler's own noise.
#include "evals/sampled_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/sampler.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

int32_t drawn(const SampledDistribution& distribution, uint64_t index) {
  int32_t best = 0;
  double best_score = -std::numeric_limits<double>::infinity();
  for (const TokenProbability& token : distribution) {
    const double score = std::log(token.probability) + gumbel_noise(7, index, token.id);
    if (score <= best_score) continue;
    best_score = score;
    best = token.id;
  }
  return best;
}

const SampledDistribution p = {{1, 0.5}, {2, 0.25}, {3, 0.15}, {7, 0.1}};
const SampledDistribution q = {{1, 0.2}, {2, 0.45}, {5, 0.05}, {7, 0.3}};

TEST(SameNoiseAgreement, IsWhatDrawingGives) {
  constexpr int64_t draws = 200000;
  int64_t equal = 0;
  for (uint64_t i = 0; i < draws; ++i) equal += drawn(p, i) == drawn(q, i) ? 1 : 0;
  const double expected = same_noise_agreement(p, q);
  const double error = std::sqrt(expected * (1 - expected) / draws);
  EXPECT_NEAR(static_cast<double>(equal) / draws, expected, 4 * error);
}

// As the formula is written: O(n^2).
TEST(SameNoiseAgreement, SortedSumsAreThoseOfTheFormula) {
  const double p_of[] = {0.5, 0.25, 0.15, 0, 0.1}, q_of[] = {0.2, 0.45, 0, 0.05, 0.3};
  double expected = 0;
  for (int x = 0; x < 5; ++x) {
    if (p_of[x] == 0 || q_of[x] == 0) continue;
    double sum = 0;
    for (int y = 0; y < 5; ++y) sum += std::max(p_of[y] / p_of[x], q_of[y] / q_of[x]);
    expected += 1 / sum;
  }
  EXPECT_NEAR(same_noise_agreement(p, q), expected, tolerance::statistics);
  EXPECT_NEAR(same_noise_agreement(q, p), expected, tolerance::statistics);
}

TEST(SameNoiseAgreement, LiesBetweenItsBounds) {
  const double distance = total_variation(p, q);
  EXPECT_NEAR(distance, 0.45, tolerance::statistics);
  EXPECT_LE(same_noise_agreement(p, q), 1 - distance);
  EXPECT_GE(same_noise_agreement(p, q), (1 - distance) / (1 + distance));
  EXPECT_NEAR(same_noise_agreement(p, p), 1, tolerance::statistics);
  const SampledDistribution other = {{8, 1.0}};
  EXPECT_EQ(same_noise_agreement(p, other), 0);
  EXPECT_NEAR(total_variation(p, other), 1, tolerance::statistics);
}

TEST(SampledDistribution, IsCutAndSumsToOne) {
  const std::vector<float> logits = {0, 3, 1, 2.5f, -4};
  const SampledDistribution two = sampled_distribution(logits, {.temperature = 0.5, .top_k = 2});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].id, 1);
  EXPECT_EQ(two[1].id, 3);
  EXPECT_NEAR(two[0].probability, 1 / (1 + std::exp(-1.0)), tolerance::statistics);
  const SampledDistribution greedy = sampled_distribution(logits, {.temperature = 0});
  ASSERT_EQ(greedy.size(), 1u);
  EXPECT_EQ(greedy[0].id, 1);
  EXPECT_EQ(greedy[0].probability, 1);
}

}  // namespace
}  // namespace quantrial
