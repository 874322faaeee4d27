// Expected figures: scipy and numpy (tests/oracles/make_fidelity.py).
#include "evals/fidelity/fidelity_statistics.h"

#include <cmath>
#include <limits>

#include "base/mapped_file.h"
#include "evals/fidelity/fidelity_report.h"
#include "tests/fidelity_numbers.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

// As make_fidelity.py has it.
const SamplingParameters sampling{.temperature = 0.7, .top_k = 5, .top_p = 0.9, .min_p = 0.02};

nlohmann::json stored_case() {
  const std::string file = std::string(QUANTRIAL_SOURCE) + "/tests/oracles/fidelity.json";
  return nlohmann::json::parse(read_text_file(file)).at("case");
}

std::vector<TokenFidelity> compared(const nlohmann::json& texts) {
  std::vector<TokenFidelity> tokens;
  for (size_t sequence = 0; sequence < texts.size(); ++sequence) {
    const auto& text = texts[sequence];
    for (size_t t = 0; t < text.at("next").size(); ++t) {
      const auto base = text.at("base")[t].get<std::vector<float>>();
      const auto model = text.at("model")[t].get<std::vector<float>>();
      tokens.push_back({.sequence = static_cast<int64_t>(sequence),
                        .position = text.at("first_position").get<int64_t>() + int64_t(t),
                        .segment = static_cast<TextSegment>(text.at("segments")[t].get<int>()),
                        .logits = compare_logits(base, model, text.at("next")[t], sampling)});
    }
  }
  return tokens;
}

TEST(FidelityStatistics, EqualNumpyAndScipy) {
  const auto stored = stored_case();
  const std::vector<TokenFidelity> tokens = compared(stored.at("texts"));
  ASSERT_EQ(tokens.size(), stored.at("kl").size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const double expected = stored.at("kl")[i];
    EXPECT_NEAR(tokens[i].logits.kl, expected, tolerance::statistics * expected);
  }
  const FidelityReport report{
      .model = {}, .base = {}, .texts = {}, .precision = {}, .fidelity = break_down(tokens)};
  expect_numbers(fidelity_json(report).at("fidelity"), stored.at("expected"),
                 tolerance::statistics);
}

TEST(FidelityStatistics, EqualLogitsHaveNoDistance) {
  const std::vector<float> logits = {1.5f, -3, 80, 80, 0};
  const LogitComparison same = compare_logits(logits, logits, 4, sampling);
  EXPECT_EQ(same.kl, 0);
  EXPECT_EQ(same.total_variation, 0);
  EXPECT_EQ(same.sampled_variation, 0);
  EXPECT_EQ(same.base_nll, same.model_nll);
  EXPECT_TRUE(same.same_top);
  std::vector<float> shifted = logits;  // a constant on all logits is the same distribution
  for (float& v : shifted) v += 16;
  EXPECT_EQ(compare_logits(logits, shifted, 4, sampling).kl, 0);
}

TEST(FidelityStatistics, TiesGoToTheLowestId) {
  EXPECT_TRUE(compare_logits(std::vector<float>{2, 2, 1}, std::vector<float>{3, 1, 1}, 0, sampling)
                  .same_top);
  EXPECT_FALSE(compare_logits(std::vector<float>{2, 2, 1}, std::vector<float>{1, 3, 1}, 0, sampling)
                   .same_top);
}

TEST(FidelityStatistics, LogitsThatAreNotFiniteShow) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EXPECT_FALSE(std::isfinite(
        compare_logits(std::vector<float>{1, 2}, std::vector<float>{bad, 2}, 0, sampling).kl));
    EXPECT_FALSE(std::isfinite(
        compare_logits(std::vector<float>{bad, 2}, std::vector<float>{1, 2}, 0, sampling).kl));
  }
}

TEST(FidelityStatistics, OneTextHasNoError) {
  const TokenFidelity token{
      .logits = compare_logits(std::vector<float>{1, 2}, std::vector<float>{1, 3}, 0, sampling)};
  const FidelitySummary summary = summarize({&token, 1});
  EXPECT_FALSE(summary.kl.error.has_value());
  EXPECT_EQ(summary.kl_median, token.logits.kl);
  EXPECT_EQ(summary.kl_p999, token.logits.kl);
}

}  // namespace
}  // namespace quantrial
