// Simulated studies with known truth: how often intervals hold it, and that estimates are unbiased
// (the simulation of evaluation.md 2.3: U-shaped difficulty, mean near 0.8).
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "statistics/flips.h"
#include "statistics/mean_score.h"
#include "statistics/paired.h"

namespace quantrial::statistics {
namespace {

// p_A of a question: Beta(1.2, 0.3), drawn as a quotient of Gamma variables.
double difficulty(std::mt19937_64& random) {
  std::gamma_distribution<double> high(1.2), low(0.3);
  const double a = high(random), b = low(random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

struct Design {
  int64_t questions, samples;
  double harm;         // a question loses this share of its p in B, times a random factor
  double least, most;  // coverage that passes
};

class Coverage : public testing::TestWithParam<Design> {};

// What B makes of p: harm that differs by question.
double harmed(double p, double harm, std::mt19937_64& random) {
  return p * (1 - harm * std::uniform_real_distribution<double>(0, 2)(random));
}

TEST_P(Coverage, OfPairedIntervalsIsWhatTheySay) {
  const Design design = GetParam();
  std::mt19937_64 random(20261125);
  // The truth: mean difference over the population of questions.
  double truth = 0;
  constexpr int64_t population = 400'000;
  for (int64_t i = 0; i < population; ++i) {
    const double p = difficulty(random);
    truth += harmed(p, design.harm, random) - p;
  }
  truth /= static_cast<double>(population);
  constexpr int64_t studies = 4000;
  int64_t held = 0;
  for (int64_t study = 0; study < studies; ++study) {
    std::vector<double> differences;
    for (int64_t q = 0; q < design.questions; ++q) {
      const double a = difficulty(random), b = harmed(a, design.harm, random);
      const auto K = static_cast<int>(design.samples);
      const int right_a = std::binomial_distribution<int>(K, a)(random);
      const int right_b = std::binomial_distribution<int>(K, b)(random);
      differences.push_back(static_cast<double>(right_b - right_a) / K);
    }
    const Interval delta = paired_interval(differences);
    held += delta.lo <= truth && truth <= delta.hi ? 1 : 0;
  }
  const double coverage = static_cast<double>(held) / static_cast<double>(studies);
  RecordProperty("coverage", std::to_string(coverage));
  EXPECT_GE(coverage, design.least);
  EXPECT_LE(coverage, design.most);
}

// 93-97 % (issue: evaluate), with 4,000 studies +-0.7 %. Where B is nearly A, few questions differ
// and the interval is an exact one, which may cover more.
INSTANTIATE_TEST_SUITE_P(
    Designs, Coverage,
    testing::Values(Design{30, 1, 0.01, 0.93, 0.97}, Design{30, 8, 0.01, 0.93, 0.97},
                    Design{60, 8, 0.01, 0.93, 0.97}, Design{30, 8, 0.08, 0.93, 0.97},
                    Design{60, 8, 0.08, 0.93, 0.97}, Design{164, 4, 0.08, 0.93, 0.97},
                    Design{80, 8, 0.0, 0.93, 0.97}),
    [](const auto& test) {
      const Design& d = test.param;
      return "n" + std::to_string(d.questions) + "K" + std::to_string(d.samples) + "harm" +
             std::to_string(static_cast<int>(d.harm * 1000));
    });

// Variants that almost always agree (shared random numbers, K = 8): one question in 50 loses a
// sample, one in 200 gains one. Student's t alone would often give [0, 0].
TEST(CoverageOfNearIdenticalVariants, IsAtLeastWhatIntervalsSay) {
  std::mt19937_64 random(11);
  constexpr int64_t studies = 4000, questions = 80;
  constexpr double loses = 0.02, gains = 0.005, step = 1.0 / 8, truth = (gains - loses) * step;
  int64_t held = 0;
  for (int64_t study = 0; study < studies; ++study) {
    std::vector<double> differences(questions);
    for (double& d : differences) {
      const double u = std::uniform_real_distribution<double>(0, 1)(random);
      d = u < loses ? -step : u < loses + gains ? step : 0;
    }
    const Interval delta = paired_interval(differences);
    held += delta.lo <= truth && truth <= delta.hi ? 1 : 0;
  }
  EXPECT_GE(static_cast<double>(held) / studies, 0.93);
}

// Excess flips are an unbiased estimate of the mean of (p_A - p_B)^2, drawn apart or with shared
// random numbers (evaluation.md 2.5 and 2.3).
TEST(ExcessFlips, AreUnbiasedHoweverSamplesAreCoupled) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  constexpr int64_t questions = 60'000, K = 4;
  std::vector<uint8_t> a(questions * K), apart(questions * K), coupled(questions * K);
  std::vector<QuestionPair> independent_pairs, coupled_pairs;
  double truth = 0;
  for (size_t q = 0; q < questions; ++q) {
    const double pa = difficulty(random), pb = harmed(pa, 0.2, random);
    truth += (pa - pb) * (pa - pb) / questions;
    for (size_t k = q * K; k < (q + 1) * K; ++k) {
      const double u = uniform(random);
      a[k] = u < pa;
      coupled[k] = u < pb;
      apart[k] = uniform(random) < pb;
    }
    const auto of = [q](const std::vector<uint8_t>& all) {
      return std::span<const uint8_t>(all).subspan(q * K, K);
    };
    independent_pairs.push_back({of(a), of(apart)});
    coupled_pairs.push_back({of(a), of(coupled)});
  }
  const double noise = 4 * 0.25 / std::sqrt(static_cast<double>(questions * K));
  EXPECT_NEAR(flips(independent_pairs, Seeds::independent).excess, truth, noise);
  EXPECT_NEAR(flips(coupled_pairs, Seeds::shared).excess, truth, noise);
  // Without knowing of the coupling the estimate would be too low by far more than the noise.
  EXPECT_LT(flips(coupled_pairs, Seeds::independent).excess, truth - noise);
}

}  // namespace
}  // namespace quantrial::statistics
