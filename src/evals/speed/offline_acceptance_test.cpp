// Drafts on paper against drafts that the engine really verified, on a model without arithmetic.
#include "evals/speed/offline_acceptance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/toy_model.h"
#include "statistics/mean_score.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr SamplingParameters sampling{.temperature = 1.5, .top_k = 20, .top_p = 0.9};

struct Generated {
  std::vector<FidelityText> texts;
  SpeculationCounters drafts;
};

// What the toy writes with one draft a step, and how many of them were right.
Generated generated(int64_t texts, int64_t tokens) {
  ToyModel model(128);
  Engine engine(model, nullptr, {.max_sequences = 4, .max_tokens = 4000, .max_draft_tokens = 1});
  Generated result;
  std::vector<Request> requests;
  for (int64_t i = 0; i < texts; ++i) {
    Request& request = requests.emplace_back();
    request.prompt = {static_cast<int32_t>(i % 97), 3, 5};
    request.sampling = sampling;
    request.sampling.seed = static_cast<uint64_t>(i);
    request.max_tokens = tokens;
    request.end_of_text = EndOfText::is_ignored;
    request.draft_tokens = 1;
    result.texts.push_back({.tokens = request.prompt, .segments = {}, .source = "toy"});
  }
  const std::vector<Result> results = generate(engine, std::move(requests));
  for (size_t i = 0; i < results.size(); ++i) {
    FidelityText& text = result.texts[i];
    text.segments.assign(3, TextSegment::prompt);
    text.segments.resize(3 + results[i].tokens.size(), TextSegment::answer);
    text.tokens.insert(text.tokens.end(), results[i].tokens.begin(), results[i].tokens.end());
    result.drafts += results[i].speculation;
  }
  return result;
}

std::vector<TextAcceptance> offline(const std::vector<FidelityText>& texts,
                                    int64_t max_batch_tokens) {
  ToyModel model(max_batch_tokens);
  ThreadPool pool(2);
  return offline_acceptance({.model = model, .name = "toy", .rows = DeltaRows::one_by_one}, texts,
                            sampling, pool, [](int64_t) {});
}

TEST(OfflineAcceptance, IsWhatTheEngineAccepts) {
  const Generated g = generated(60, 150);
  const ordered_json figures = offline_figures(offline(g.texts, 128));
  const double measured =
      static_cast<double>(g.drafts.accepted_tokens) / static_cast<double>(g.drafts.drafted_tokens);
  const double expected = figures["same_noise"]["value"];
  const double error =
      std::sqrt(expected * (1 - expected) / static_cast<double>(g.drafts.drafted_tokens));
  EXPECT_GT(g.drafts.drafted_tokens, 4000);
  EXPECT_NEAR(measured, expected, 4 * error);
  EXPECT_GT(figures["one_minus_tv"]["value"], expected);
  EXPECT_EQ(figures["tokens"], 60 * 150);
}

TEST(OfflineAcceptance, StepsOfAnySizeGiveTheSame) {
  const Generated g = generated(2, 300);
  const auto large = offline(g.texts, 512), small = offline(g.texts, 64);
  ASSERT_EQ(large.size(), 2u);
  for (size_t i = 0; i < large.size(); ++i) {
    EXPECT_EQ(large[i].tokens, 300);
    EXPECT_EQ(small[i].tokens, 300);
    EXPECT_NEAR(large[i].same_noise, small[i].same_noise, 300 * tolerance::statistics);
    EXPECT_NEAR(large[i].one_minus_tv, small[i].one_minus_tv, 300 * tolerance::statistics);
  }
}

TEST(OfflineFigures, ErrorsAreClusteredByText) {
  const std::vector<TextAcceptance> texts = {{2, 1.5, 1.2}, {3, 2.5, 1.95}, {1, 0.25, 0.6}};
  const std::vector<double> tokens = {0.6, 0.6, 0.65, 0.65, 0.65, 0.6};  // with these sums
  const std::vector<int64_t> cluster = {0, 0, 1, 1, 1, 2};
  const ordered_json figures = offline_figures(texts);
  const double half = 4.302652729749462 *  // scipy.stats.t.ppf(0.975, 2)
                      statistics::clustered_error(tokens, cluster, 3);
  EXPECT_NEAR(figures["same_noise"]["value"], 0.625, tolerance::statistics);
  EXPECT_NEAR(figures["same_noise"]["lo"], 0.625 - half, tolerance::statistics);
  EXPECT_NEAR(figures["same_noise"]["hi"], 0.625 + half, tolerance::statistics);
  EXPECT_EQ(figures["tokens"], 6);
  EXPECT_EQ(offline_figures({}), nullptr);
  EXPECT_EQ(to_json(text_acceptances(to_json(texts))).dump(), to_json(texts).dump());
  EXPECT_THROW(text_acceptances({{{"tokens", 1}}}), Error);
}

}  // namespace
}  // namespace quantrial
