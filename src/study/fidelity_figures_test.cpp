#include "study/fidelity_figures.h"

#include <gtest/gtest.h>

#include "tests/tolerance.h"

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

Json estimate(double value, double error) { return {{"value", value}, {"error", error}}; }

Json summary() {
  return {{"sequences", 16},
          {"kl", {{"mean", estimate(0.02, 0.001)}, {"median", 0.01}}},
          {"total_variation", estimate(0.001, 0.002)},
          {"sampled_variation", {{"value", 0.1}, {"error", nullptr}}},
          {"same_top", estimate(0.98, 0.03)},
          {"probability_change", {{"mean", estimate(0.003, 0.004)}, {"rms", 0.1}}},
          {"perplexity",
           {{"base", estimate(1.4, 0.05)},
            {"model", estimate(1.01, 0.05)},
            {"log_ratio", estimate(0.003, 0.004)}}}};
}

Json fidelity() {
  return {{"all", summary()},
          {"by_position", {{"0-1k", summary()}}},
          {"by_confidence", Json::object()},
          {"by_segment", Json::object()},
          {"noise_floor", nullptr}};
}

void expect_interval(const Json& f, double lo, double hi) {
  EXPECT_NEAR(f.at("lo"), lo, tolerance::statistics);
  EXPECT_NEAR(f.at("hi"), hi, tolerance::statistics);
}

// Expected: value -+ error * scipy.stats.t.ppf(0.975, 15), SciPy 1.17.1.
TEST(FidelityIntervals, AreStudentsOverTexts) {
  Json json = fidelity();
  add_fidelity_intervals(json);
  for (const Json& s : {json["all"], json["by_position"]["0-1k"]}) {
    expect_interval(s["kl"]["mean"], 0.017868550454440225, 0.022131449545559775);
    expect_interval(s["perplexity"]["base"], 1.2934275227220111, 1.5065724772779887);
    expect_interval(s["perplexity"]["log_ratio"], -0.005525798182239103, 0.011525798182239103);
    expect_interval(s["probability_change"]["mean"], -0.005525798182239103, 0.011525798182239103);
  }
}

TEST(FidelityIntervals, EndWhereTheFigureEnds) {
  Json json = fidelity();
  add_fidelity_intervals(json);
  const Json& s = json["all"];
  expect_interval(s["total_variation"], 0, 0.005262899091119552);
  expect_interval(s["same_top"], 0.9160565136332067, 1);
  expect_interval(s["perplexity"]["model"], 1, 1.1165724772779888);
}

TEST(FidelityIntervals, NeedAnErrorAndTwoTexts) {
  Json json = fidelity();
  json["all"]["sequences"] = 1;
  add_fidelity_intervals(json);
  EXPECT_FALSE(json["all"]["kl"]["mean"].contains("lo"));
  EXPECT_FALSE(json["by_position"]["0-1k"]["sampled_variation"].contains("lo"));
}

Json variant(double kl, double delta) {
  return {{"fidelity", {{"all", {{"kl", {{"mean", {{"value", kl}}}}}}}}},
          {"macro", {{"delta", {{"value", delta}}}}}};
}

// Expected: scipy.stats.pearsonr of numpy.log(kl), SciPy 1.17.1.
TEST(KlAgainstAccuracy, IsOfTheVariantsThatHaveBoth) {
  Json variants = {{"a", variant(0.01, -0.02)},
                   {"b", variant(0.001, 0.005)},
                   {"served", {{"macro", {{"delta", {{"value", -0.5}}}}}}},
                   {"itself", variant(0, 0)}};
  EXPECT_TRUE(kl_against_accuracy(variants).is_null()) << "two are too few";
  variants["c"] = variant(0.2, -0.19);
  variants["d"] = variant(0.04, -0.06);
  const Json found = kl_against_accuracy(variants);
  EXPECT_EQ(found["variants"], 4);
  EXPECT_NEAR(found["correlation"], -0.9007288353483229, tolerance::statistics);
}

}  // namespace
}  // namespace quantrial
