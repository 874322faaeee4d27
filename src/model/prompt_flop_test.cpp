// Against the sizes that the model's card and its index give, and the formulas of attention and
// delta rule.
#include "model/prompt_flop.h"

#include <gtest/gtest.h>

#include "tests/qwen3_6_27b.h"

namespace quantrial {
namespace {

// Qwen3.6-27B: 24.35 G weights of Linears in its 64 layers, 1.27 G in the head.
TEST(PromptFlop, CountsTheWeightsOfQwen3_6_27B) {
  ModelConfig c = qwen3_6_27b();
  const double delta_rule = 48 * 6.0 * 48 * 128 * 128, attention = 16 * 4.0 * 24 * 256;
  const double one = prompt_flop(c, 1) - delta_rule - attention;
  EXPECT_NEAR(one / 2, 24.35e9, 0.005e9);
  c.vocab_size = 248320;
  EXPECT_EQ(prompt_flop(c, 1) - delta_rule - attention - one, 2.0 * 248320 * 5120);
}

// Row i attends to i + 1 positions: 4 D operations a pair and head.
TEST(PromptFlop, GrowsWithTheSquareInFullAttentionAlone) {
  const ModelConfig c = qwen3_6_27b();
  const double by_rows = 2 * (prompt_flop(c, 1) - 16 * 4.0 * 24 * 256);
  EXPECT_EQ(prompt_flop(c, 2), by_rows + 3 * 16 * 4.0 * 24 * 256);
}

}  // namespace
}  // namespace quantrial
