// Expected figures: scipy 1.17 (scipy.stats.t.interval, binomtest.proportion_ci) on the same
// numbers, or plain counts.
#include "evals/speed/speed_figures.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evals/speed/rate_figures.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

void expect_figure(const ordered_json& figure, double value, double lo, double hi) {
  EXPECT_NEAR(figure["value"], value, tolerance::statistics * value);
  EXPECT_NEAR(figure["lo"], lo, tolerance::statistics * value);
  EXPECT_NEAR(figure["hi"], hi, tolerance::statistics * value);
}

// A round whose decode phase made `speed` tokens in a second.
SpeedObservation round_of(const SpeedCell& cell, int64_t round, int64_t speed) {
  SpeedObservation o{.cell = cell, .output_tokens = 11, .round = round};
  for (int64_t i = 0; i < cell.concurrency; ++i) {
    const double at = static_cast<double>(round * cell.concurrency + i + 1);
    o.requests.push_back({.ttft_ms = at, .e2e_ms = at + 20, .tokens = 11});
  }
  o.prefill = {.seconds = 2, .tokens = 400};
  o.decode = {.seconds = 1, .tokens = speed};
  return o;
}

TEST(SpeedRuns, PercentilesOverRequestsAndMeansOverRounds) {
  const SpeedCell cell{.concurrency = 2, .prompt_tokens = 100};
  std::vector<SpeedObservation> rounds;
  const int64_t speeds[] = {100, 110, 120, 95};
  for (int64_t i = 0; i < 4; ++i) rounds.push_back(round_of(cell, i, speeds[i]));
  rounds.push_back(round_of({.concurrency = 1, .prompt_tokens = 100}, 0, 50));
  const ordered_json runs = speed_runs(rounds);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["concurrency"], 1);
  EXPECT_EQ(runs[0]["ttft_ms"]["p50"], nullptr) << "one request";
  EXPECT_EQ(runs[0]["decode_tokens_per_s"],
            (ordered_json{{"value", 50.0}, {"lo", nullptr}, {"hi", nullptr}}));
  const ordered_json& run = runs[1];
  EXPECT_EQ(run["rounds"], 4);
  EXPECT_EQ(run["requests"], 8);
  EXPECT_EQ(run["ttft_ms"]["p50"]["value"], 4);
  EXPECT_EQ(run["ttft_ms"]["p99"], nullptr);
  EXPECT_NEAR(run["tpot_ms"]["p50"]["value"], 2, tolerance::statistics);
  EXPECT_EQ(run["e2e_ms"]["p50"]["value"], 24);
  EXPECT_EQ(run["prefill_tokens_per_s"]["value"], 200);
  expect_figure(run["decode_tokens_per_s"], 106.25, 88.60846070534652, 123.89153929465348);
}

TEST(DraftFigures, SpeedUpIsPairedByRound) {
  const SpeedCell without{.concurrency = 1, .prompt_tokens = 100};
  SpeedCell with = without;
  with.draft_tokens = 1;
  // Both slow down from round to round; their ratios are 1.5, 1.6, 1.4.
  const std::vector<SpeedObservation> rounds = {round_of(with, 2, 56),    round_of(with, 0, 150),
                                                round_of(with, 1, 80),    round_of(without, 0, 100),
                                                round_of(without, 1, 50), round_of(without, 2, 40)};
  const ordered_json runs = draft_figures(rounds, 1)["runs"];
  ASSERT_EQ(runs.size(), 1u) << "a cell without drafts has no row";
  expect_figure(runs[0]["speedup"], 1.4977744774437016, 1.2688289442141767, 1.7680305887655432);
  EXPECT_EQ(runs[0]["drafts"], 0);
  EXPECT_EQ(runs[0]["acceptance"], ordered_json::array({nullptr}));
  EXPECT_EQ(runs[0]["mean_length"], nullptr);
  const std::vector<SpeedObservation> alone = {round_of(with, 0, 150)};
  EXPECT_EQ(draft_figures(alone, 1)["runs"][0]["speedup"], nullptr);
}

TEST(DraftFigures, AcceptanceIsOfThoseWhoseEarlierDraftsWereRight) {
  SpeedObservation o = round_of({.concurrency = 2, .prompt_tokens = 100, .draft_tokens = 2}, 0, 10);
  o.requests[0].drafts = {{ContextRange::to_256,
                           DraftSegment::thinking,
                           {.drafts = 60,
                            .drafted_tokens = 120,
                            .accepted_tokens = 80,
                            .accepted_by_position = {50, 30}}},
                          {ContextRange::to_1k,
                           DraftSegment::answer,
                           {.drafts = 20,
                            .drafted_tokens = 40,
                            .accepted_tokens = 20,
                            .accepted_by_position = {15, 5}}}};
  o.requests[1].drafts = {{ContextRange::to_256,
                           DraftSegment::outside,
                           {.drafts = 20,
                            .drafted_tokens = 40,
                            .accepted_tokens = 30,
                            .accepted_by_position = {15, 15}}}};
  const ordered_json figures = draft_figures(std::vector{o}, 1);
  const ordered_json& run = figures["runs"][0];
  EXPECT_EQ(run["drafts"], 100);
  EXPECT_EQ(run["acceptance"][0]["value"], 0.8);
  EXPECT_EQ(run["acceptance"][1]["value"], 50.0 / 80);
  EXPECT_EQ(run["mean_length"]["value"], 2.3);
  EXPECT_EQ(figures["first_drafts"]["drafts"], 80) << "not those outside a reply";
  EXPECT_EQ(figures["first_drafts"]["accepted"], 65);
  const ordered_json by_context = figures["by_context"], by_segment = figures["by_segment"];
  ASSERT_EQ(by_context.size(), 2u);
  EXPECT_EQ(by_context[0]["bucket"], "0-256");
  EXPECT_EQ(by_context[0]["drafts"], 60) << "not those outside a reply";
  EXPECT_EQ(by_context[1]["accepted"], 15);
  ASSERT_EQ(by_segment.size(), 2u);
  EXPECT_EQ(by_segment[0]["segment"], "thinking");
  EXPECT_EQ(by_segment[1]["acceptance"]["value"], 0.75);
}

TEST(DraftFigures, NaturalRepliesTellWhereDraftsAreRight) {
  const DraftGroup seldom{
      ContextRange::to_256, DraftSegment::thinking, {.drafts = 10, .accepted_by_position = {1}}};
  const DraftGroup often{
      ContextRange::to_1k, DraftSegment::answer, {.drafts = 10, .accepted_by_position = {9}}};
  SpeedObservation fixed =
      round_of({.concurrency = 1, .prompt_tokens = 9, .draft_tokens = 1}, 0, 1);
  fixed.requests[0].drafts = {seldom};
  SpeedObservation natural{.cell = {.prompt_tokens = SpeedCell::natural, .draft_tokens = 1}};
  natural.requests = {{.drafts = {often}}};
  const std::vector<SpeedObservation> both = {fixed, natural};
  EXPECT_EQ(speed_runs(both).size(), 1u);
  const ordered_json figures = draft_figures(both, 1);
  ASSERT_EQ(figures["runs"].size(), 1u);
  EXPECT_EQ(figures["runs"][0]["acceptance"][0]["value"], 0.1);
  ASSERT_EQ(figures["by_context"].size(), 1u);
  EXPECT_EQ(figures["by_context"][0]["bucket"], "256-1k");
  EXPECT_EQ(figures["by_segment"][0]["acceptance"]["value"], 0.9);
  EXPECT_EQ(figures["first_drafts"]["acceptance"]["value"], 0.9);
}

// One request alone: the interval is that of independent rounds.
TEST(RateFigures, OneRequestHasTheIntervalOfItsRounds) {
  const auto share = right_share(std::vector<RightCount>{{95, 100}}, 1);
  EXPECT_NEAR(share->lo, 0.8882495307680809, tolerance::statistics);
  EXPECT_NEAR(share->hi, 0.978456320845632, tolerance::statistics);
  const auto length = mean_round_length(std::vector<AcceptedRounds>{{100, {80, 50}}}, 1);
  EXPECT_NEAR(length->value, 2.3, tolerance::statistics);
  EXPECT_NEAR(length->lo, 2.1442469801616637, tolerance::statistics);
  EXPECT_NEAR(length->hi, 2.455753019838337, tolerance::statistics);
}

// scipy 1.17.1, stats.t.interval: -555.9 to 3255.9307104262043.
TEST(RateFigures, OfTwoRoundsAreNotBelowNothing) {
  const ordered_json speed = mean_over_rounds(std::vector<double>{1200, 1500});
  EXPECT_EQ(speed["lo"], 0.0);
  EXPECT_NEAR(speed["hi"], 3255.9307104262043, tolerance::statistics);
  const auto length = mean_round_length(std::vector<AcceptedRounds>{{3, {1, 0}}}, 1);
  EXPECT_EQ(length->lo, 1.0) << "a round gives its own token";
}

// Requests that differ widen it beyond Wilson's.
TEST(RateFigures, RequestsThatDifferWidenTheInterval) {
  std::vector<RightCount> requests;
  for (int i = 0; i < 10; ++i) requests.push_back({i % 2 == 0 ? 100 : 60, 100});
  const auto share = right_share(requests, 1);
  EXPECT_EQ(share->value, 0.8);
  EXPECT_LT(share->lo, 0.72);
  EXPECT_GT(share->hi, 0.88);
}

}  // namespace
}  // namespace quantrial
