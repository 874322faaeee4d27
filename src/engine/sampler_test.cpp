#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/rng.h"
#include "tests/instruction_sets.h"

namespace quantrial {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

std::map<int32_t, int64_t> draw_many(const std::vector<float>& logits, SamplingParameters p,
                                     int64_t draws, const TokenCounts* counts = nullptr) {
  Sampler sampler;
  std::map<int32_t, int64_t> seen;
  for (int64_t i = 0; i < draws; ++i) {
    ++seen[sampler.sample(logits, p, static_cast<uint64_t>(i), counts).id];
  }
  return seen;
}

// Ids that can be drawn at all.
std::vector<int32_t> support(const std::vector<float>& logits, const SamplingParameters& p) {
  std::vector<int32_t> ids;
  for (const auto& [id, n] : draw_many(logits, p, 4000)) ids.push_back(id);
  return ids;
}

// Pearson's statistic of draws against probabilities.
double chi_square(const std::map<int32_t, int64_t>& seen, const std::map<int32_t, double>& expected,
                  int64_t draws) {
  double sum = 0;
  for (const auto& [id, p] : expected) {
    const auto place = seen.find(id);
    const double n = place == seen.end() ? 0 : static_cast<double>(place->second);
    const double e = p * static_cast<double>(draws);
    sum += (n - e) * (n - e) / e;
  }
  return sum;
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowestIdOfATie) {
  Sampler sampler;
  const SamplingParameters greedy{.temperature = 0};
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 2, 3}, greedy, 0, nullptr).id, 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{minus_infinity, -5}, greedy, 0, nullptr).id, 1);
}

TEST(Sampler, RefusesWhatIsNoDistribution) {
  Sampler sampler;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const double temperature : {0.0, 1.0}) {
    const SamplingParameters p{.temperature = temperature};
    EXPECT_THROW(sampler.sample(std::vector<float>{1, nan, 2}, p, 0, nullptr), Error);
    EXPECT_THROW(sampler.sample(std::vector<float>{1, -minus_infinity}, p, 0, nullptr), Error);
    EXPECT_THROW(sampler.sample(std::vector<float>{minus_infinity, minus_infinity}, p, 0, nullptr),
                 Error);
  }
}

TEST(Sampler, OneFiniteLogitIsDrawnUnderAnySettings) {
  std::vector<float> logits(1000, minus_infinity);
  logits[617] = -3;
  for (const int64_t top_k : {0, 1, 20}) {
    for (const double top_p : {0.1, 1.0}) {
      for (const double min_p : {0.0, 0.5}) {
        Sampler sampler;
        const SamplingParameters p{.top_k = top_k, .top_p = top_p, .min_p = min_p};
        EXPECT_EQ(sampler.sample(logits, p, 7, nullptr).id, 617);
      }
    }
  }
}

// Softmax probabilities .643914 .236883 .0871443 .0320586 (logits 3 2 1 0), by hand.
TEST(Sampler, DrawsFromTheSoftmax) {
  const int64_t draws = 200000;
  const auto seen = draw_many({3, 2, 1, 0}, {.seed = 11}, draws);
  const std::map<int32_t, double> expected = {
      {0, 0.643914}, {1, 0.236883}, {2, 0.0871443}, {3, 0.0320586}};
  EXPECT_LT(chi_square(seen, expected, draws), 16.27);  // 3 degrees of freedom, p = 0.001
}

// Temperature 2: softmax(1.5 1 .5 0) = .455054 .276004 .167405 .101536.
TEST(Sampler, DividesByTheTemperature) {
  const int64_t draws = 200000;
  const auto seen = draw_many({3, 2, 1, 0}, {.temperature = 2, .seed = 12}, draws);
  const std::map<int32_t, double> expected = {
      {0, 0.455054}, {1, 0.276004}, {2, 0.167405}, {3, 0.101536}};
  EXPECT_LT(chi_square(seen, expected, draws), 16.27);
}

// Top-2 of the same row, renormalised: 1 / (1 + 1/e) = .731059.
TEST(Sampler, RenormalisesWhatIsKept) {
  const int64_t draws = 200000;
  const auto seen = draw_many({1, 3, 0, 2}, {.top_k = 2, .seed = 13}, draws);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_LT(chi_square(seen, {{1, 0.731059}, {3, 0.268941}}, draws), 10.83);  // 1 degree
}

TEST(Sampler, DrawsFromALargeVocabulary) {
  std::vector<float> logits(2000);
  std::map<int32_t, double> expected;
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(3 * std::sin(static_cast<double>(i)));
    total += std::exp(static_cast<double>(logits[i]));
  }
  const int64_t draws = 100000, groups = 50;
  std::map<int32_t, int64_t> seen;
  for (const auto& [id, n] : draw_many(logits, {.seed = 14}, draws)) seen[id % groups] += n;
  for (size_t i = 0; i < logits.size(); ++i) {
    expected[static_cast<int32_t>(i) % groups] += std::exp(static_cast<double>(logits[i])) / total;
  }
  EXPECT_LT(chi_square(seen, expected, draws), 85.35);  // 49 degrees, p = 0.001
}

TEST(Sampler, TopKKeepsTies) {
  EXPECT_EQ(support({1, 2, 2, 0, 2}, {.top_k = 2}), (std::vector<int32_t>{1, 2, 4}));
  EXPECT_EQ(support({1, 2, 3, 0, 2}, {.top_k = 1}), (std::vector<int32_t>{2}));
  EXPECT_EQ(support({1, 2, 3, 0}, {.top_k = 9}).size(), 4u);
}

// Cumulative probabilities of 3 2 1 0: .644 .881 .968 1.
TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.64}), (std::vector<int32_t>{0}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.65}), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.95}), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.97}).size(), 4u);
  EXPECT_EQ(support({0, 0, 0, 0}, {.top_p = 0.5}), (std::vector<int32_t>{0, 1}));
}

// p / p_max: 1 .368 .135 .0498.
TEST(Sampler, MinPIsRelativeToTheLargest) {
  EXPECT_EQ(support({3, 2, 1, 0}, {.min_p = 0.37}), (std::vector<int32_t>{0}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.min_p = 0.36}), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.min_p = 0.1}), (std::vector<int32_t>{0, 1, 2}));
}

// Top-p counts within what min-p and top-k left: of 3 2 1, .665 .910 1.
TEST(Sampler, FiltersApplyOneAfterTheOther) {
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_k = 3, .top_p = 0.66}), (std::vector<int32_t>{0}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.66}), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(support({3, 2, 1, 0}, {.top_p = 0.66, .min_p = 0.1}), (std::vector<int32_t>{0}));
}

// Prompt {0, 1}, output {1, 2, 2}; logits 2 -2 2 1. Repetition 2 halves or doubles ids 0 1 2:
// 1 -4 1 1. Frequency .5 by counts 0 1 2: 1 -4.5 0 1. Presence .25: 1 -4.75 -.25 1.
TEST(Sampler, PenaltiesByHand) {
  TokenCounts counts;
  counts.add_prompt(std::vector<int32_t>{0, 1});
  for (const int32_t id : {1, 2, 2, 3}) counts.add_output(id);
  counts.remove_output(3);
  const std::vector<float> logits = {2, -2, 2, 1};
  SamplingParameters p{.temperature = 1,
                       .presence_penalty = 0.25,
                       .frequency_penalty = 0.5,
                       .repetition_penalty = 2,
                       .seed = 15};
  const int64_t draws = 200000;
  const auto seen = draw_many(logits, p, draws, &counts);
  const double z = 2 * std::exp(1.0) + std::exp(-4.75) + std::exp(-0.25);
  const std::map<int32_t, double> expected = {{0, std::exp(1.0) / z},
                                              {1, std::exp(-4.75) / z},
                                              {2, std::exp(-0.25) / z},
                                              {3, std::exp(1.0) / z}};
  EXPECT_LT(chi_square(seen, expected, draws), 16.27);
  p.temperature = 0;
  EXPECT_EQ(draw_many(logits, p, 1, &counts).begin()->first, 0);  // tie of 0 and 3
}

TEST(Sampler, LogprobsAreThoseOfTheRawLogits) {
  Sampler sampler;
  TokenCounts counts;
  counts.add_output(0);
  const SamplingParameters p{
      .temperature = 0, .presence_penalty = 2, .repetition_penalty = 3, .top_logprobs = 2};
  const SampledToken token = sampler.sample(std::vector<float>{3, 2, 1, 0}, p, 0, &counts);
  EXPECT_EQ(token.id, 1);  // 3 / 3 - 2 = -1
  ASSERT_TRUE(token.logprobs.has_value());
  EXPECT_NEAR(token.logprobs->chosen, -1.4401897, 1e-6);
  ASSERT_EQ(token.logprobs->top.size(), 2u);
  EXPECT_EQ(token.logprobs->top[0].id, 0);
  EXPECT_NEAR(token.logprobs->top[0].logprob, -0.4401897, 1e-6);
  EXPECT_EQ(token.logprobs->top[1].id, 1);
}

TEST(Sampler, TheSameSeedAndIndexGiveTheSameToken) {
  std::vector<float> logits(300);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 17) / 4;
  Sampler used, fresh;
  for (uint64_t i = 0; i < 50; ++i) {
    used.sample(logits, {.top_k = 3, .seed = i + 99}, 3 * i, nullptr);
    const SamplingParameters p{.top_p = 0.8, .seed = 5};
    EXPECT_EQ(used.sample(logits, p, i, nullptr).id, fresh.sample(logits, p, i, nullptr).id);
  }
  EXPECT_NE(gumbel_noise(1, 2, 3), gumbel_noise(1, 2, 4));
  EXPECT_NE(gumbel_noise(1, 2, 3), gumbel_noise(1, 3, 3));
  EXPECT_NE(gumbel_noise(1, 2, 3), gumbel_noise(2, 2, 3));
}

// The pruned search finds the argmax of logit / T + noise over everything.
TEST(Sampler, PruningNeverLosesTheWinner) {
  for (uint64_t index = 0; index < 300; ++index) {
    std::vector<float> logits(500);
    for (size_t i = 0; i < logits.size(); ++i) {
      logits[i] = static_cast<float>(6 * gumbel_noise(77, index, static_cast<int32_t>(i)));
    }
    const SamplingParameters p{.temperature = 0.7, .seed = 8};
    int32_t best = 0;
    const auto score = [&](int32_t id) {
      return static_cast<double>(logits[static_cast<size_t>(id)]) / 0.7 +
             gumbel_noise(8, index, id);
    };
    for (int32_t id = 1; id < 500; ++id) best = score(id) > score(best) ? id : best;
    Sampler sampler;
    EXPECT_EQ(sampler.sample(logits, p, index, nullptr).id, best);
  }
}

class Scans : public EachInstructionSet {};
INSTANTIATE_TEST_SUITE_P(On, Scans, testing::ValuesIn(instruction_sets()), instruction_set_name);

// The same where vectors look first, with scores far from zero and sharp or flat.
TEST_P(Scans, NeverLoseTheWinner) {
  for (uint64_t index = 0; index < 60; ++index) {
    const double temperature = std::vector{0.01, 0.7, 5.0}[index % 3];
    const double offset = std::vector{0.0, 1000.0, -3000.0}[index / 3 % 3];
    std::vector<float> logits(1003);
    for (size_t i = 0; i < logits.size(); ++i) {
      const double noise = gumbel_noise(78, index, static_cast<int32_t>(i));
      logits[i] = i % 7 == 0 ? minus_infinity : static_cast<float>(offset + 3 * noise);
    }
    const auto score = [&](int32_t id) {
      return static_cast<double>(logits[static_cast<size_t>(id)]) / temperature +
             gumbel_noise(9, index, id);
    };
    int32_t best = 0;
    for (int32_t id = 1; id < 1003; ++id) best = score(id) > score(best) ? id : best;
    Sampler sampler;
    EXPECT_EQ(sampler.sample(logits, {.temperature = temperature, .seed = 9}, index, nullptr).id,
              best);
  }
}

TEST_P(Scans, FindTheLargestAnywhereAndTheFirstOfATie) {
  Sampler sampler;
  const SamplingParameters greedy{.temperature = 0};
  for (int32_t id = 0; id < 150; ++id) {
    std::vector<float> logits(151, -7);
    logits[150] = logits[static_cast<size_t>(id)] = -2;
    EXPECT_EQ(sampler.sample(logits, greedy, 0, nullptr).id, id);
    logits[static_cast<size_t>(id)] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(sampler.sample(logits, greedy, 0, nullptr), Error);
  }
}

TEST(Candidates, TopKEqualsASort) {
  std::vector<float> logits(10000);
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(philox(4, i)[0] % 2000);  // many ties
  }
  for (const int64_t k : {1, 2, 20, 63, 64, 65, 1000, 9999}) {
    std::vector<Candidate> all;
    keep_at_least(logits, 0, all);
    std::sort(all.begin(), all.end(), likelier);
    const float border = all[static_cast<size_t>(k - 1)].logit;
    std::erase_if(all, [&](const Candidate& c) { return c.logit < border; });
    std::vector<Candidate> kept;
    keep_top_k(logits, -1e9, k, kept);
    std::sort(kept.begin(), kept.end(), likelier);
    ASSERT_EQ(kept.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(kept[i].id, all[i].id);
  }
}

TEST(Candidates, TopPEqualsASort) {
  std::vector<float> logits(20000);
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(3 * gumbel_noise(5, 0, static_cast<int32_t>(i)));
  }
  for (const double top_p : {0.1, 0.5, 0.9, 0.95, 0.999}) {
    for (const double temperature : {0.3, 1.0, 5.0}) {
      std::vector<Candidate> all, kept;
      keep_at_least(logits, -1e9, all);
      kept = all;
      std::sort(all.begin(), all.end(), likelier);
      double total = 0, sum = 0;
      const auto weight = [&](const Candidate& c) {
        return std::exp(static_cast<double>(c.logit) / temperature);
      };
      for (const Candidate& c : all) total += weight(c);
      size_t count = 0;
      while (sum < top_p * total) sum += weight(all[count++]);
      keep_top_p(temperature, top_p, kept);
      ASSERT_NEAR(static_cast<double>(kept.size()), static_cast<double>(count), 1);
      for (size_t i = 0; i + 1 < kept.size(); ++i) ASSERT_EQ(kept[i].id, all[i].id);
    }
  }
}

TEST(SamplingParameters, NamesWhatIsOutsideItsRange) {
  EXPECT_NO_THROW(validate({}));
  EXPECT_THROW(validate({.temperature = -0.1}), Error);
  EXPECT_THROW(validate({.temperature = std::nan("")}), Error);
  EXPECT_THROW(validate({.top_k = -1}), Error);
  EXPECT_THROW(validate({.top_p = 1.5}), Error);
  EXPECT_THROW(validate({.min_p = -0.5}), Error);
  EXPECT_THROW(validate({.presence_penalty = 3}), Error);
  EXPECT_THROW(validate({.frequency_penalty = -3}), Error);
  EXPECT_THROW(validate({.repetition_penalty = 0}), Error);
}

}  // namespace
}  // namespace quantrial
