#include "study/macro_figures.h"

#include <gtest/gtest.h>

namespace quantrial {
namespace {

using Json = nlohmann::ordered_json;

Json figure(double value, double lo, double hi) {
  return {{"value", value}, {"lo", lo}, {"hi", hi}};
}

// Two benchmarks, of which one has votes.
Json variant() {
  Json benchmarks;
  benchmarks["a"] = {{"tokens", {{"generated", figure(100, 90, 110)}}},
                     {"token_ratio", {{"ratio", figure(1.1, 1.0, 1.2)}}},
                     {"pass_at", {{"1", figure(0.5, 0.4, 0.6)}, {"2", figure(0.95, 0.85, 1.05)}}},
                     {"maj_at", {{"1", figure(0.5, 0.4, 0.6)}}}};
  benchmarks["b"] = {{"tokens", {{"generated", figure(300, 260, 340)}}},
                     {"token_ratio", {{"ratio", figure(1.3, 1.1, 1.5)}}},
                     {"pass_at", {{"1", figure(0.7, 0.6, 0.8)}, {"2", figure(0.9, 0.8, 1.0)}}}};
  return {{"benchmarks", benchmarks}, {"macro", Json::object()}};
}

void expect_figure(const Json& f, double value, double lo, double hi) {
  EXPECT_DOUBLE_EQ(f.at("value"), value);
  EXPECT_DOUBLE_EQ(f.at("lo"), lo);
  EXPECT_DOUBLE_EQ(f.at("hi"), hi);
}

// Expected numbers: math.exp, log and hypot of Python 3.11.
TEST(MacroFigures, AreMeansWithIndependentErrors) {
  Json v = variant();
  add_macro_figures(v);
  const Json& macro = v["macro"];
  expect_figure(macro["tokens"], 200.0, 200 - 20.615528128088304, 200 + 20.615528128088304);
  expect_figure(macro["token_ratio"], 1.1958260743101399, 1.0929645307476332, 1.3083681672833616);
  expect_figure(macro["maj_at"]["1"], 0.5, 0.4, 0.6);
}

TEST(MacroFigures, OfSharesEndAtAll) {
  Json v = variant();
  add_macro_figures(v);
  EXPECT_DOUBLE_EQ(v["macro"]["pass_at"]["2"]["value"], 0.925);
  EXPECT_DOUBLE_EQ(v["macro"]["pass_at"]["2"]["lo"], 0.8542893218813453);
  EXPECT_LE(v["macro"]["pass_at"]["2"]["hi"], 1.0);
}

TEST(MacroFigures, OfLengthsEndAtNothing) {
  Json v = variant();
  v["benchmarks"]["a"]["tokens"]["generated"] = figure(20, 0, 400);
  v["benchmarks"]["b"]["tokens"]["generated"] = figure(30, 0, 300);
  add_macro_figures(v);
  EXPECT_DOUBLE_EQ(v["macro"]["tokens"]["value"], 25.0);
  EXPECT_EQ(v["macro"]["tokens"]["lo"], 0.0);
}

TEST(MacroFigures, NeedEveryBenchmark) {
  Json v = variant();
  v["benchmarks"]["b"].erase("token_ratio");
  v["benchmarks"]["b"]["pass_at"].erase("2");
  add_macro_figures(v);
  EXPECT_FALSE(v["macro"].contains("token_ratio"));
  EXPECT_TRUE(v["macro"]["pass_at"].contains("1"));
  EXPECT_FALSE(v["macro"]["pass_at"].contains("2"));
  EXPECT_TRUE(v["macro"].contains("tokens"));
}

}  // namespace
}  // namespace quantrial
