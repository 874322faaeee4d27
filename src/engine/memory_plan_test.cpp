#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "tests/qwen3_6_27b.h"

namespace quantrial {
namespace {

constexpr int64_t GiB = int64_t{1} << 30;

// Expected: 64 KiB of keys and values a token in BF16 over 16 layers (performance.md, section 1),
// and 4 KiB for the MTP layer.
TEST(MemoryPlan, CountsWhatTheModelNeeds) {
  const ModelBytes model{.weights = 15 * GiB, .activations = 100 << 20};
  const MemoryPlan plan =
      plan_memory(qwen3_6_27b(), model, DType::bf16, {.context_tokens = 16384}, 64 * GiB);
  EXPECT_EQ(plan.kv, 16384 * 17 * 4096);
  EXPECT_GT(plan.recurrent, 2 * 150994944);  // 48 layers x 48 heads x 128 x 128 floats, two slots
  EXPECT_EQ(plan.total(), plan.weights + plan.kv + plan.recurrent + plan.workspace);
  EXPECT_EQ(plan.engine.max_tokens, 16384);
}

TEST(MemoryPlan, WithoutAWishTheContextIsWhatFits) {
  const ModelBytes model{.weights = 15 * GiB};
  EXPECT_EQ(plan_memory(qwen3_6_27b(), model, DType::bf16, {}, 64 * GiB).context_tokens, 262144);
  const MemoryPlan tight = plan_memory(qwen3_6_27b(), model, DType::bf16, {}, 20 * GiB);
  EXPECT_LT(tight.context_tokens, 262144);
  EXPECT_EQ(tight.context_tokens % page_tokens, 0);
  EXPECT_LE(tight.total(), 20 * GiB);
  EXPECT_GT(tight.total() + (int64_t{201} << 20) + page_tokens * 17 * 4096, 20 * GiB);
}

TEST(MemoryPlan, TooLittleNamesWhatWouldFit) {
  const ModelBytes model{.weights = 15 * GiB};
  const auto message = [&](MemoryWish wish, int64_t available) -> std::string {
    try {
      plan_memory(qwen3_6_27b(), model, DType::bf16, wish, available);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string many = message({.concurrency = 8, .context_tokens = 32768}, 24 * GiB);
  EXPECT_NE(many.find("24.0 GiB available"), std::string::npos) << many;
  EXPECT_NE(many.find("8 x 32768 tokens"), std::string::npos) << many;
  EXPECT_NE(many.find("a context of "), std::string::npos) << many;
  EXPECT_NE(many.find("a concurrency of 3"), std::string::npos) << many;
  const std::string never = message({}, 8 * GiB);
  EXPECT_NE(never.find("smaller checkpoint"), std::string::npos) << never;
  EXPECT_NE(message({.context_tokens = 262145}, 900 * GiB), "");
}

// The largest numbers that config.json and the arguments may hold.
TEST(MemoryPlan, SizesBeyondAllMemoryAreRefusedAndDoNotWrapAround) {
  ModelConfig c = qwen3_6_27b();
  c.num_key_value_heads = c.linear_num_key_heads = c.linear_num_value_heads = 1 << 12;
  c.head_dim = c.linear_key_head_dim = c.linear_value_head_dim = 1 << 12;
  c.layer_types.assign(4096, MixerKind::full_attention);
  c.max_position_embeddings = int64_t{1} << 40;
  const ModelBytes model{.weights = 15 * GiB};
  const auto plan = [&](MemoryWish wish) {
    return plan_memory(c, model, DType::f32, wish, 900 * GiB);
  };
  EXPECT_THROW(plan({.context_tokens = int64_t{1} << 40}), Error);
  EXPECT_THROW(plan({.concurrency = 10000}), Error);
  EXPECT_THROW(plan({.concurrency = INT64_MAX, .context_tokens = 1}), Error);
  EXPECT_THROW(plan({.context_tokens = INT64_MAX}), Error);
  c.layer_types.assign(4096, MixerKind::linear_attention);
  EXPECT_THROW(plan({.concurrency = int64_t{1} << 20}), Error);
  ModelConfig none;
  none.max_position_embeddings = int64_t{1} << 40;
  const MemoryPlan most = plan_memory(none, model, DType::bf16, {}, 900 * GiB);
  EXPECT_EQ(most.context_tokens, int64_t{1} << 40) << "nothing to store";
}

TEST(MemoryPlan, SeesThisMachine) {
  EXPECT_GT(available_memory_bytes(), int64_t{1} << 20);
  EXPECT_GT(resident_memory_bytes(), int64_t{1} << 20);
}

}  // namespace
}  // namespace quantrial
