// Expected sizes: the card of Qwen3.6-27B (64 layers, every fourth of full attention with 4 heads
// of 256; 48 value heads of 128 x 128 in the others) and engine/memory_plan.h.
#include "evals/speed/memory_figures.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/memory_plan.h"
#include "engine/toy_model.h"
#include "tests/qwen3_6_27b.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr int64_t KiB = int64_t{1} << 10, MiB = int64_t{1} << 20, GiB = int64_t{1} << 30;

MemoryShape shape_27b(int64_t weights) {
  return memory_shape(qwen3_6_27b(), {.weights = weights, .activations = 100 * MiB}, DType::bf16,
                      0);
}

TEST(MemoryShape, HasTheSizesOfTheCard) {
  ModelConfig config = qwen3_6_27b();
  EXPECT_EQ(memory_shape(config, {}, DType::bf16, 0).kv_bytes_per_token, 68 * KiB)
      << "and MTP's layer";
  config.mtp_num_hidden_layers = 0;
  const MemoryShape shape = memory_shape(config, {}, DType::bf16, 0);
  EXPECT_EQ(shape.kv_bytes_per_token, 64 * KiB);
  // Beside the state of 144 MiB: three rows of the convolution, and one row to verify.
  const int64_t qkv = 2 * 16 * 128 + 48 * 128;
  EXPECT_EQ(shape.state_bytes_per_sequence, 144 * MiB + 48 * 4 * (3 * qkv + qkv + 2 * 48));
}

TEST(MemoryShape, AgreesWithThePlan) {
  const ModelBytes model{.weights = 15 * GiB, .activations = 100 * MiB};
  for (const int64_t concurrency : {1, 5}) {
    for (const int64_t context : {1, 64, 1000, 262144}) {
      for (const int64_t draft_tokens : {0, 3}) {
        const MemoryPlan plan = plan_memory(
            qwen3_6_27b(), model, DType::bf16,
            {.concurrency = concurrency, .context_tokens = context, .draft_tokens = draft_tokens},
            1000 * GiB);
        EXPECT_EQ(memory_shape(qwen3_6_27b(), model, DType::bf16, draft_tokens)
                      .total(concurrency, context),
                  plan.total());
      }
    }
  }
}

TEST(MemoryFigures, LargestContextIsThatOfThePlan) {
  for (const int64_t gib : {16, 24, 32, 48, 80, 96}) {
    const ModelBytes model{.weights = 15 * GiB, .activations = 100 * MiB};
    const auto context = longest_context(shape_27b(15 * GiB), gib * GiB);
    ASSERT_TRUE(context.has_value());
    EXPECT_EQ(*context,
              plan_memory(qwen3_6_27b(), model, DType::bf16, {}, gib * GiB).context_tokens);
  }
  EXPECT_EQ(longest_context(shape_27b(16 * GiB), 16 * GiB), std::nullopt);
}

TEST(MemoryFigures, LargestBatchIsTheLastThatFits) {
  const MemoryShape shape = shape_27b(15 * GiB);
  const int64_t batch = largest_batch(shape, 8192, 24 * GiB).value();
  EXPECT_LE(shape.total(batch, 8192) + memory_reserve_bytes, 24 * GiB);
  EXPECT_GT(shape.total(batch + 1, 8192) + memory_reserve_bytes, 24 * GiB);
  EXPECT_EQ(largest_batch(shape, 262144, 24 * GiB), std::nullopt);
}

TEST(MemoryFigures, SayWhatLimits) {
  MemoryObservation o{.weights = {{"q_proj", "int4", 5}},
                      .shape = shape_27b(15 * GiB),
                      .load = {.concurrency = 2, .context_tokens = 100},
                      .measured_bytes = 7};
  const ordered_json figures = memory_figures(o);
  EXPECT_EQ(figures["weights"][0]["class"], "q_proj");
  EXPECT_EQ(figures["predicted_bytes"], o.shape.total(2, 100));
  EXPECT_EQ(figures["measured_bytes"], 7);
  ASSERT_EQ(figures["fits"].size(), 6u);
  EXPECT_EQ(figures["fits"][0]["limited_by"], "memory");
  EXPECT_EQ(figures["fits"][5]["limited_by"], "model");
  EXPECT_EQ(figures["fits"][5]["largest_context"], 262144);
  EXPECT_EQ(figures["growth"].back()["context_tokens"], 262144);
  EXPECT_EQ(figures["growth"].back()["bytes"], o.shape.total(64, 262144));
  o.measured_bytes = 0;
  EXPECT_EQ(memory_figures(o)["measured_bytes"], nullptr);
  EXPECT_EQ(to_json(memory_observation(to_json(o))).dump(), to_json(o).dump());
  EXPECT_THROW(memory_observation({{"weights", 1}}), Error);
}

TEST(MemoryObservation, SeesWhatSequencesHold) {
  ToyModel model(128);
  ResidentGrowth growth;
  int steps = 0;
  const MemoryObservation o = observe_memory(
      model, DType::f32, {.concurrency = 3, .context_tokens = 700, .draft_tokens = 2}, growth,
      [&] { ++steps; });
  EXPECT_EQ(steps, 3 * 6 + 1);
  EXPECT_GT(o.measured_bytes, 0);
  EXPECT_EQ(o.load.context_tokens, 700);
}

TEST(MemoryObservation, ClassesOfTheReferenceModelAreItsWeights) {
  const std::filesystem::path dir = std::string(QUANTRIAL_SOURCE) + "/models/reference";
  const auto backend = make_reference_backend({Precision::fp32});
  const auto model = load_model(dir, *backend);
  int64_t sum = 0;
  for (const ClassBytes& w : weights_by_class(take_inventory(dir))) sum += w.bytes;
  EXPECT_EQ(sum, model->bytes().weights);
}

}  // namespace
}  // namespace quantrial
