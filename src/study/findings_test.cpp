#include "study/findings.h"

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

Json figure(double value, double lo, double hi) {
  return {{"value", value}, {"lo", lo}, {"hi", hi}};
}

class FindingsOfAStudy : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& recipe, const Json& delta,
           const Json& ratio) {
    results_["variants"][name] = {{"about", {{"recipe", recipe}}},
                                  {"macro", {{"delta", delta}, {"token_ratio", ratio}}}};
  }

  // By claim; "" where there is none that begins so.
  std::string verdict(const std::string& claim) const { return part(claim, "verdict"); }
  std::string evidence(const std::string& claim) const { return part(claim, "evidence"); }
  bool says(const std::string& claim, const std::string& words) const {
    return evidence(claim).find(words) != std::string::npos;
  }

  std::string part(const std::string& claim, const char* key) const {
    const SampleStore store(folder_.path(), Database::Access::read_write);
    ResultOptions options;
    options.base = "bf16";
    options.macro_margin = 0.05;
    for (const Json& f : findings(results_, store, options)) {
      if (f.at("claim").get<std::string>().starts_with(claim)) return f.at(key);
    }
    return "";
  }

  const TemporaryFolder folder_;
  Json results_{{"variants", Json::object()}};
};

constexpr const char* nvfp4_loses = "NVFP4 with quantized linear attention";
constexpr const char* int4_holds = "INT4 holds up";
constexpr const char* more_tokens = "Quantized models emit more tokens";

TEST_F(FindingsOfAStudy, AClaimOfALossNeedsAnIntervalBelowZero) {
  add("v", "nvfp4", figure(-0.2, -0.25, -0.15), figure(1.2, 1.1, 1.3));
  EXPECT_EQ(verdict(nvfp4_loses), "reproduced");
  add("v", "nvfp4", figure(-0.02, -0.08, 0.04), figure(1.2, 1.1, 1.3));
  EXPECT_EQ(verdict(nvfp4_loses), "undecided");
  add("v", "nvfp4", figure(0.0, -0.03, 0.03), figure(1.2, 1.1, 1.3));
  EXPECT_EQ(verdict(nvfp4_loses), "not reproduced");
}

TEST_F(FindingsOfAStudy, AClaimOfNoLossNeedsAnIntervalWithinTheMargin) {
  add("v", "int4-autoround", figure(-0.01, -0.04, 0.02), figure(1, 0.9, 1.1));
  EXPECT_EQ(verdict(int4_holds), "reproduced");
  add("v", "int4-autoround", figure(-0.03, -0.08, 0.02), figure(1, 0.9, 1.1));
  EXPECT_EQ(verdict(int4_holds), "undecided");
  add("v", "int4-autoround", figure(-0.1, -0.15, -0.05), figure(1, 0.9, 1.1));
  EXPECT_EQ(verdict(int4_holds), "not reproduced");
}

// The sentence says what the interval excludes, whatever the claim; the margin is 5 points.
TEST_F(FindingsOfAStudy, SayWhatTheIntervalSupports) {
  const auto expect = [&](const Json& delta, const std::string& result, const std::string& words) {
    add("v", "int4-autoround", delta, figure(1, 0.9, 1.1));
    EXPECT_EQ(verdict(int4_holds), result) << delta;
    EXPECT_TRUE(says(int4_holds, words)) << evidence(int4_holds);
  };
  expect(
      figure(-0.057, -0.095, -0.019), "undecided",
      "worse (the interval excludes 0); whether by more than the margin of 5 points is undecided");
  expect(figure(-0.02, -0.03, -0.01), "reproduced", "worse, but by less than the margin");
  expect(figure(-0.1, -0.15, -0.06), "not reproduced", "worse, by more than the margin");
  expect(figure(0, -0.03, 0.03), "reproduced", "no loss is shown, and none of 5 points or more");
  expect(figure(0.03, 0.01, 0.05), "reproduced", "better (the interval excludes 0)");
  expect(figure(-0.02, -0.08, 0.04), "undecided", "neither no loss nor one of 5 points or more");
}

TEST_F(FindingsOfAStudy, TokensAreOfAllRecipesTogether) {
  add("a", "nvfp4", figure(0, -0.1, 0.1), figure(1.2, 1.1, 1.3));
  EXPECT_EQ(verdict(more_tokens), "reproduced");
  add("b", "int4-awq", figure(0, -0.1, 0.1), figure(1.0, 0.9, 1.1));
  EXPECT_EQ(verdict(more_tokens), "undecided");
  EXPECT_TRUE(says(more_tokens, "more: a; not told apart: b")) << evidence(more_tokens);
  add("a", "nvfp4", figure(0, -0.1, 0.1), figure(0.8, 0.7, 0.9));
  EXPECT_EQ(verdict(more_tokens), "not reproduced");
  EXPECT_TRUE(says(more_tokens, "fewer: a; not told apart: b")) << evidence(more_tokens);
}

TEST_F(FindingsOfAStudy, WhatIsNotThereOrLoadedInAnotherWayGivesNone) {
  EXPECT_EQ(verdict(nvfp4_loses), "");
  add("v", "nvfp4", figure(-0.2, -0.25, -0.15), figure(1.2, 1.1, 1.3));
  results_["variants"]["v"]["about"]["load"] = {{"nvfp4_global_scale", "fused-max"}};
  EXPECT_EQ(verdict(nvfp4_loses), "");
}

}  // namespace
}  // namespace quantrial
