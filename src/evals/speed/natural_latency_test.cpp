// Samples with known times. Expected figures: plain arithmetic on them.
#include "evals/speed/natural_latency.h"

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// 10 questions of 4 samples; sample i has a first token after i + 1 ms, 11 tokens, and 20 ms more.
std::vector<SampleTimes> samples() {
  std::vector<SampleTimes> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back({.question = std::to_string(i / 4),
                   .right = i % 4 < 2,
                   .ttft_ms = i + 1,
                   .e2e_ms = i + 21,
                   .generated_tokens = 11});
  }
  return all;
}

TEST(NaturalLatency, PercentilesAndCostOfARightSample) {
  const ordered_json figures = natural_latency(samples(), 2, 1);
  EXPECT_EQ(figures["concurrency"], 2);
  EXPECT_EQ(figures["samples"], 40);
  EXPECT_EQ(figures["ttft_ms"]["p50"]["value"], 20);
  EXPECT_EQ(figures["ttft_ms"]["p90"]["value"], 36);
  EXPECT_EQ(figures["ttft_ms"]["p99"], nullptr);
  EXPECT_NEAR(figures["tpot_ms"]["p50"]["value"], 2, tolerance::statistics);
  EXPECT_EQ(figures["e2e_ms"]["p50"]["value"], 40);
  EXPECT_EQ(figures["ttfa_ms"]["p50"], nullptr) << "none was given";
  // 40 samples of 40.5 ms on average, two at once, 20 right.
  const ordered_json& seconds = figures["seconds_per_correct"];
  EXPECT_NEAR(seconds["value"], 0.0405, tolerance::statistics);
  EXPECT_LT(seconds["lo"], 0.0405);
  EXPECT_GT(seconds["hi"], 0.0405);
  EXPECT_NEAR(figures["tokens_per_correct"]["value"], 22, 22 * tolerance::statistics);
}

TEST(NaturalLatency, WhatIsNotKnownIsNull) {
  std::vector<SampleTimes> some = samples();
  some[7].e2e_ms.reset();
  ordered_json figures = natural_latency(some, 1, 1);
  EXPECT_EQ(figures["seconds_per_correct"], nullptr);
  EXPECT_FALSE(figures["tokens_per_correct"].is_null());
  EXPECT_EQ(figures["e2e_ms"]["p50"]["value"], 41) << "of the samples that have it";
  for (SampleTimes& s : some) s.right = false;
  EXPECT_EQ(natural_latency(some, 1, 1)["tokens_per_correct"], nullptr) << "none is right";
  EXPECT_EQ(natural_latency({}, 1, 1), nullptr);
}

TEST(NaturalLatency, ReadsTheRunsOfOneVariant) {
  const TemporaryFolder folder("natural_latency");
  SampleStore store(folder.path(), Database::Access::read_write);
  for (const char* variant : {"a", "b"}) {
    const RunRecord run{.variant = variant,
                        .benchmark = "numbers",
                        .origin = {"w", "d", "p", "s"},
                        .questions = {"q"},
                        .samples = 2,
                        .settings = {}};
    store.put(run);
    for (int64_t i = 0; i < 2; ++i) {
      Sample sample;
      sample.variant = variant;
      sample.benchmark = "numbers";
      sample.question = "q";
      sample.sample = i;
      sample.origin = run.origin;
      sample.outcome = i == 0 ? Outcome::answered : Outcome::transport_error;
      sample.correct = true;
      sample.generated_tokens = 7;
      store.put(sample);
    }
  }
  const ordered_json figures = natural_latency(store, "a", 4, 1);
  EXPECT_EQ(figures["samples"], 1) << "an error in transport is no sample";
  EXPECT_EQ(figures["tokens_per_correct"]["value"], 7);
  EXPECT_EQ(figures["seconds_per_correct"], nullptr);
  EXPECT_EQ(natural_latency(store, "c", 4, 1), nullptr);
}

}  // namespace
}  // namespace quantrial
