// What memory_estimate.h and time_estimate.h make of one block of the 27B shape. Expected numbers
// were added up by hand (Python's integers) from the table in memory_estimate.h and the shapes of
// Qwen3.6-27B's config.json.
#include <gtest/gtest.h>

#include "quantize/block_linears.h"
#include "quantize/memory_estimate.h"
#include "quantize/time_estimate.h"
#include "tests/qwen3_6_27b.h"

namespace quantrial {
namespace {

constexpr int64_t enough_memory = int64_t{64} << 30, little_memory = int64_t{512} << 20;

// One block, all of whose Linears become INT4 g128, calibrated on 8 x 512 tokens.
Plan plan_of(Method method, MixerKind kind) {
  Plan plan;
  plan.model = qwen3_6_27b();
  plan.recipe.method = method;
  plan.recipe.parameters.samples = 8;
  plan.recipe.parameters.sequence_length = 512;
  plan.recipe.parameters.iters = 2;
  PlannedBlock block{"layers.0.", kind, block_linears(plan.model, "layers.0.", kind), {}};
  for (const BlockLinear& linear : block.linears) {
    PlannedModule module;
    module.name = linear.module;
    module.scheme = Scheme{.group_size = 128};
    block.modules.push_back(plan.modules.size());
    plan.modules.push_back(module);
  }
  plan.blocks.push_back(std::move(block));
  return plan;
}

TEST(BlockShape, CountsWhatABlockHolds) {
  const Plan plan = plan_of(Method::gptq, MixerKind::full_attention);
  const BlockShape block(plan, plan.blocks[0]);
  EXPECT_EQ(block.elements, 372'244'480);
  EXPECT_EQ(block.tuned(), 372'244'480);
  EXPECT_EQ(block.tuned_groups(), 2'908'160);
  EXPECT_EQ(block.largest, 89'128'960);
  EXPECT_EQ(block.inputs.size(), 4u);
  EXPECT_EQ(block.tape_floats(plan.model, 4096, 512), 415'334'400);
  EXPECT_EQ(block.backward_floats(plan.model, 4096), 118'489'088);
  EXPECT_EQ(block.quantized_input_floats(4096), 0);
}

TEST(CalibrationShape, PassesTakeWholeSequences) {
  const CalibrationShape set{.sequences = 10, .sequence_length = 600};
  EXPECT_EQ(set.rows_within(4096), 3600);
  EXPECT_EQ(set.rows_within(100), 600);
  EXPECT_EQ(set.rows_within(1 << 20), 6000);
  EXPECT_EQ(CalibrationShape{}.rows_within(4096), 0);
}

TEST(MemoryEstimate, AutoRoundHoldsWhatItTunesBesideTheHessians) {
  const MemoryEstimate peak =
      estimate_memory(plan_of(Method::auto_round, MixerKind::full_attention), enough_memory);
  EXPECT_EQ(peak.bytes, 8'633'188'352);
  EXPECT_EQ(peak.stage, "Hessians of a full-attention block");
}

TEST(MemoryEstimate, GptqHoldsTheLargestHessianTwice) {
  const MemoryEstimate peak =
      estimate_memory(plan_of(Method::gptq, MixerKind::full_attention), enough_memory);
  EXPECT_EQ(peak.bytes, 7'217'610'752);
  EXPECT_EQ(peak.stage, "Hessians of a full-attention block");
}

TEST(MemoryEstimate, HiddenStatesOnDiskDoNotCount) {
  const Plan plan = plan_of(Method::gptq, MixerKind::full_attention);
  const int64_t two_sets = 2 * 4 * 4096 * 5120;
  EXPECT_EQ(estimate_memory(plan, enough_memory).bytes - estimate_memory(plan, little_memory).bytes,
            two_sets);
}

TEST(TimeEstimate, AWorkIsDividedByItsRate) {
  const Work work{.product_flop = 100,
                  .memory_bytes = 20,
                  .searched_weights = 0,
                  .rounded_weights = 8,
                  .written_bytes = 1e9,
                  .read_bytes = 20};
  const MachineRates rates{
      .product_flop = 10, .memory_bytes = 20, .searched_weights = 0, .rounded_weights = 4};
  EXPECT_DOUBLE_EQ(estimate_seconds(work, rates), 10 + 2 + 2 + 1e9 / disk_bytes_per_second);
}

TEST(TimeEstimate, AlgorithmsCostWhatTheyDoMore) {
  const auto flop = [](Method method) {
    return work_of(plan_of(method, MixerKind::linear_attention)).product_flop;
  };
  EXPECT_LT(flop(Method::gptq), flop(Method::auto_round));
  EXPECT_LT(flop(Method::gptq), flop(Method::awq));  // a grid of 20 points
  Plan plan = plan_of(Method::auto_round, MixerKind::linear_attention);
  plan.recipe.parameters.iters = 4;
  const double two_steps = work_of(plan).product_flop - flop(Method::auto_round);
  EXPECT_GT(two_steps, 2 * 3 * 2 * 4096.0 * 267'386'880);  // of the MLP alone
}

}  // namespace
}  // namespace quantrial
