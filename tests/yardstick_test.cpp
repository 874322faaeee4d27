// The algorithms on the yardstick. The figures are those of llm-compressor 0.14.0.1 and auto-round
// 0.15.1 on the same block and activations (results.json, oracles README section 5).
#include "tests/yardstick.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "quantize/auto_round.h"
#include "quantize/awq.h"
#include "quantize/gptq.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

const std::filesystem::path folder = std::filesystem::path(QUANTRIAL_ORACLES) / "yardstick";

struct Case {
  YardstickFormat format;
  std::string name;  // as results.json ends
};
const std::vector<Case> cases = {{YardstickFormat::int4_g128, "int4g128"},
                                 {YardstickFormat::int4_g32, "int4g32a"},
                                 {YardstickFormat::nvfp4, "nvfp4"}};

double tool(const std::string& run, const std::string& figure) {
  static const nlohmann::json results =
      nlohmann::json::parse(read_text_file(folder / "results.json"));
  return results.at(run).at(figure).get<double>();
}

AutoRoundParameters few_iterations() { return {.iters = 3}; }

TEST(Yardstick, FloatBlockGivesTransformersOutputs) {
  ThreadPool pool(2);
  const SafetensorsFile file(folder / "block_heldout.safetensors");
  const std::vector<float> expected = file.tensors().at(0).floats();
  const std::vector<float> found = Yardstick(folder, pool).held_out_outputs();
  float largest = 0, difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    difference = std::max(difference, std::abs(expected[i] - found[i]));
  }
  EXPECT_LE(difference, largest * tolerance::layer_fp32);
}

TEST(Yardstick, GptqWithTheToolsParametersHasTheToolsError) {
  ThreadPool pool(2);
  Yardstick yardstick(folder, pool);
  Gptq gptq({.feedback = {.shrinkage = FeedbackParameters::Shrinkage::none},
             .scales = GptqParameters::Scales::fitted,
             .passes = 0});
  for (const Case& c : cases) {
    const YardstickResult result = yardstick.run(gptq, c.format, 0);
    const std::string run = "gptq_static_" + c.name;
    EXPECT_NEAR(result.calibration / tool(run, "block_calib"), 1, tolerance::same_algorithm_error)
        << c.name;
    EXPECT_NEAR(result.held_out / tool(run, "block_heldout"), 1, tolerance::same_algorithm_error)
        << c.name;
    EXPECT_EQ(result.after, result.calibration) << c.name;
  }
}

TEST(Yardstick, AwqWithTheToolsParametersHasTheToolsError) {
  ThreadPool pool(2);
  Yardstick yardstick(folder, pool);
  Awq awq({.scales = GptqParameters::Scales::fitted});
  const YardstickResult result = yardstick.run(awq, YardstickFormat::nvfp4, 0);
  EXPECT_NEAR(result.held_out / tool("awq_nvfp4", "block_heldout"), 1,
              tolerance::same_algorithm_error);
}

TEST(Yardstick, EveryAlgorithmIsBetterThanItsToolOnUnseenRows) {
  ThreadPool pool(2);
  Yardstick yardstick(folder, pool);
  Gptq gptq({});
  Awq awq({.grid = 4});
  AutoRound auto_round(few_iterations());
  for (const Case& c : cases) {
    const YardstickResult by_gptq = yardstick.run(gptq, c.format, 1);
    EXPECT_LE(by_gptq.held_out, tool("gptq_static_" + c.name, "block_heldout")) << c.name;
    EXPECT_LE(yardstick.run(awq, c.format, 1).held_out, tool("awq_" + c.name, "block_heldout"))
        << c.name;
    const YardstickResult tuned = yardstick.run(auto_round, c.format, 1);
    EXPECT_LE(tuned.held_out, tool("autoround_" + c.name, "block_heldout")) << c.name;
    EXPECT_LT(tuned.after, tuned.before) << c.name;
  }
  const YardstickResult w4a4 = yardstick.run(auto_round, YardstickFormat::nvfp4_w4a4, 1);
  EXPECT_LE(w4a4.held_out, tool("autoround_nvfp4", "block_heldout"));
  EXPECT_LE(w4a4.held_out_w4a4, tool("autoround_nvfp4", "block_heldout_w4a4"));
}

TEST(Yardstick, NothingDependsOnTheNumberOfThreads) {
  ThreadPool one(1), three(3);
  Yardstick a(folder, one), b(folder, three);
  Gptq gptq({});
  Awq awq({.grid = 2});
  AutoRound auto_round({.iters = 2, .held_out = 0});
  for (Algorithm* algorithm : {static_cast<Algorithm*>(&gptq), static_cast<Algorithm*>(&awq),
                               static_cast<Algorithm*>(&auto_round)}) {
    const YardstickResult x = a.run(*algorithm, YardstickFormat::nvfp4_w4a4, 7);
    const YardstickResult y = b.run(*algorithm, YardstickFormat::nvfp4_w4a4, 7);
    EXPECT_EQ(x.held_out, y.held_out);
    EXPECT_EQ(x.held_out_w4a4, y.held_out_w4a4);
    EXPECT_EQ(x.before, y.before);
    EXPECT_EQ(x.after, y.after);
  }
}

}  // namespace
}  // namespace quantrial
