// INT4 in its three containers: the golden words of formats.md A.1, A.3, A.6, which were executed
// with the real packages, and what must be refused.
#include "base/rng.h"
#include "formats/model_folder.h"

namespace quantrial {
namespace {

constexpr uint16_t bf16_one = 0x3F80, fp16_one = 0x3C00, fp16_minus_half = 0xB800;

class ReadInt4 : public ModelFolder {
 protected:
  void gptq_config(const Json& more = Json::object()) {
    Json json = {{"quant_method", "auto-round"},
                 {"packing_format", "auto_round:auto_gptq"},
                 {"bits", 4},
                 {"group_size", 32},
                 {"sym", true},
                 {"data_type", "int"}};
    json.update(more);
    config(json);
  }
  // K = 64, N = 32, q[n, k] = (k + n) mod 16, two groups.
  void gptq_tensors() {
    std::vector<uint32_t> words;
    for (uint32_t r = 0; r < 8; ++r) {
      for (uint32_t n = 0; n < 32; ++n) {
        uint32_t word = 0;
        for (uint32_t i = 0; i < 8; ++i) word |= (8 * r + i + n) % 16 << (4 * i);
        words.push_back(word);
      }
    }
    ASSERT_EQ(words[0], 0x76543210u);
    ASSERT_EQ(words[1], 0x87654321u);
    tensor("m.qweight", DType::i32, {8, 32}, words);
    tensor("m.qzeros", DType::i32, {2, 4}, std::vector<uint32_t>(8, 0x77777777u));
    std::vector<uint16_t> scales(64, fp16_one);
    scales[32 + 5] = fp16_minus_half;  // group 1 of row 5
    tensor("m.scales", DType::f16, {2, 32}, scales);
  }
  void packed_config(bool symmetric, int64_t group_size) {
    config({{"quant_method", "compressed-tensors"},
            {"format", "pack-quantized"},
            {"config_groups",
             {{"group_0",
               {{"targets", {"Linear"}},
                {"weights",
                 {{"num_bits", 4},
                  {"type", "int"},
                  {"symmetric", symmetric},
                  {"strategy", group_size > 0 ? "group" : "channel"},
                  {"group_size", group_size > 0 ? Json(group_size) : Json()}}}}}}}});
  }
};

TEST_F(ReadInt4, GptqWordsRunAlongTheInputsAndScalesKeepTheirSign) {
  gptq_config();
  gptq_tensors();
  const auto row5 = row("m", 5);
  for (size_t k = 0; k < 64; ++k) {
    const float scale = k < 32 ? 1.0f : -0.5f;
    EXPECT_EQ(row5[k], (static_cast<float>((k + 5) % 16) - 8) * scale) << k;
  }
  with_weight("m", [](const Weight& weight) {
    EXPECT_TRUE(std::get<Int4Group>(weight).zeros.empty()) << "every zero point is 8";
    return 0;
  });
}

TEST_F(ReadInt4, GptqZerosAreStoredLessOne) {
  gptq_config({{"sym", false}});
  gptq_tensors();
  std::vector<uint32_t> zeros(8, 0x77777777u);
  zeros[4] = 0x777777F3u;  // group 1: row 0 stores 3, row 1 stores 15
  tensor("m.qzeros", DType::i32, {2, 4}, zeros);
  EXPECT_EQ(row("m", 0)[32], 0.0f - 4);
  EXPECT_EQ(row("m", 1)[32], 1.0f - 16);
  EXPECT_EQ(row("m", 0)[0], 0.0f - 8);
  config({{"quant_method", "gptq"},
          {"bits", 4},
          {"group_size", 32},
          {"sym", false},
          {"desc_act", false},
          {"checkpoint_format", "gptq_v2"}});
  EXPECT_EQ(row("m", 0)[32], 0.0f - 3) << "gptq_v2 stores the zero itself";
}

TEST_F(ReadInt4, GptqTakesTrivialOrderAndRefusesAnother) {
  config({{"quant_method", "gptq"}, {"bits", 4}, {"group_size", 32}, {"desc_act", true}});
  gptq_tensors();
  std::vector<int32_t> order;
  for (int k = 0; k < 64; ++k) order.push_back(k / 32);
  tensor("m.g_idx", DType::i32, {64}, order);
  EXPECT_EQ(row("m", 0)[1], -7.0f);
  std::swap(order[0], order[63]);
  tensor("m.g_idx", DType::i32, {64}, order);
  expect_error("m", "m.g_idx: column 0 is in group 1, expected 0");
}

TEST_F(ReadInt4, AwqInterleavesEightOutputsInAWord) {
  config({{"quant_method", "awq"},
          {"bits", 4},
          {"group_size", 16},
          {"version", "gemm"},
          {"zero_point", true}});
  // K = 32, N = 16: every input row holds outputs 0..7 as codes 0..7, then 8..15.
  std::vector<uint32_t> words;
  for (int k = 0; k < 32; ++k) {
    words.push_back(0x75316420u);
    words.push_back(0xFDB9ECA8u);
  }
  words[2 * 9] = 0x75316421u;  // k = 9: output 0 holds 1
  tensor("m.qweight", DType::i32, {32, 2}, words);
  // Zero points: group 0 all 0; group 1 of output n is n.
  tensor("m.qzeros", DType::i32, {2, 2}, std::vector<uint32_t>{0, 0, 0x75316420u, 0xFDB9ECA8u});
  tensor("m.scales", DType::f16, {2, 16}, std::vector<uint16_t>(32, fp16_one));
  for (int64_t n = 0; n < 16; ++n) {
    const auto values = row("m", n);
    EXPECT_EQ(values[3], static_cast<float>(n));
    EXPECT_EQ(values[20], 0.0f);
  }
  EXPECT_EQ(row("m", 0)[9], 1.0f);
  EXPECT_EQ(row("m", 0)[8], 0.0f);
}

// Random words against the definition, one nibble at a time, for sizes that cut the tiles.
TEST_F(ReadInt4, TurnsEveryNibbleOfLargerMatrices) {
  constexpr uint32_t K = 336, N = 168, G = 16;
  std::vector<uint32_t> words(K * N / 8);
  for (uint32_t i = 0; i < words.size(); ++i) words[i] = philox(7, i)[0];
  const std::vector<uint32_t> zeros(K / G * N / 8, 0);
  tensor("m.qzeros", DType::i32, {K / G, N / 8}, zeros);
  tensor("m.scales", DType::f16, {K / G, N}, std::vector<uint16_t>(K / G * N, fp16_one));
  const auto nibble = [&](uint32_t word, uint32_t i) {
    return static_cast<float>(words[word] >> (4 * i) & 15);
  };
  config({{"quant_method", "awq"}, {"bits", 4}, {"group_size", G}});
  tensor("m.qweight", DType::i32, {K, N / 8}, words);
  constexpr uint32_t place[8] = {0, 4, 1, 5, 2, 6, 3, 7};  // nibble that holds column j
  for (uint32_t n = 0; n < N; n += 5) {
    const auto values = row("m", n);
    for (uint32_t k = 0; k < K; ++k)
      ASSERT_EQ(values[k], nibble(k * (N / 8) + n / 8, place[n % 8]));
  }
  config({{"quant_method", "gptq"}, {"bits", 4}, {"group_size", G}, {"sym", false}});
  tensor("m.qweight", DType::i32, {K / 8, N}, words);
  for (uint32_t n = 0; n < N; n += 5) {
    const auto values = row("m", n);
    for (uint32_t k = 0; k < K; ++k) ASSERT_EQ(values[k], nibble(k / 8 * N + n, k % 8) - 1);
  }
}

TEST_F(ReadInt4, PackedWordsRunAlongTheInputsAndZerosAlongTheOutputs) {
  packed_config(false, 16);
  // 10 rows of -8..7; zero points -8..1 down the rows (formats.md A.3).
  std::vector<uint32_t> words;
  for (int n = 0; n < 10; ++n) {
    words.push_back(0x76543210u);
    words.push_back(0xfedcba98u);
  }
  tensor("m.weight_packed", DType::i32, {10, 2}, words);
  tensor("m.weight_scale", DType::bf16, {10, 1}, std::vector<uint16_t>(10, bf16_one));
  tensor("m.weight_zero_point", DType::i32, {2, 1}, std::vector<uint32_t>{0x76543210u, 0x98u});
  tensor("m.weight_shape", DType::i64, {2}, std::vector<int64_t>{10, 16});
  for (int64_t n = 0; n < 10; ++n) {
    const auto values = row("m", n);
    for (size_t k = 0; k < 16; ++k) {
      EXPECT_EQ(values[k], static_cast<float>(k) - 8 - (static_cast<float>(n) - 8));
    }
  }
  // Before zero points were packed they were int8.
  std::vector<int8_t> plain = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1};
  tensor("m.weight_zero_point", DType::i8, {10, 1}, plain);
  EXPECT_EQ(row("m", 9)[15], 6.0f);
  erase("m.weight_zero_point");
  expect_error("m", "m.weight_zero_point: absent");
  packed_config(true, 0);  // one scale a row, symmetric
  EXPECT_EQ(row("m", 3)[0], -8.0f);
}

TEST_F(ReadInt4, RefusesShapesThatDoNotFit) {
  gptq_config();
  gptq_tensors();
  tensor("m.scales", DType::f16, {2, 31}, std::vector<uint16_t>(62, fp16_one));
  expect_error("m", "m.scales: shape [2, 31], expected [2, 32] (group 32)");
  tensor("m.scales", DType::i16, {2, 32}, std::vector<uint16_t>(64));
  expect_error("m", "m.scales: dtype I16, expected F16 or BF16 or F32");
  gptq_tensors();
  tensor("m.qzeros", DType::i32, {2, 3}, std::vector<uint32_t>(6));
  expect_error("m", "m.qzeros: shape [2, 3], expected [2, 4]");
  gptq_config({{"group_size", 48}});
  expect_error("m", "m.qweight: 64 columns in groups of 48");
  gptq_config();
  tensor("m.qweight", DType::i32, {8, 2, 16}, std::vector<uint32_t>(256));
  expect_error("m", "m.qweight: shape [8, 2, 16], expected a matrix");
  gptq_tensors();
  erase("m.scales");
  expect_error("m", "m.scales: absent");

  packed_config(true, 32);
  tensor("p.weight_packed", DType::i32, {1, 4}, std::vector<uint32_t>(4));
  tensor("p.weight_scale", DType::bf16, {1, 1}, std::vector<uint16_t>{bf16_one});
  tensor("p.weight_shape", DType::i64, {2}, std::vector<int64_t>{1, 30});
  expect_error("p", "p.weight_packed: 30 columns in groups of 32");
  tensor("p.weight_shape", DType::i64, {2}, std::vector<int64_t>{1, 24});
  expect_error("p", "p.weight_shape: says [1, 24], which does not fit weight_packed [1, 4]");
  tensor("p.weight_shape", DType::i64, {2}, std::vector<int64_t>{1, 32});
  EXPECT_EQ(row("p", 0)[0], -8.0f);
  tensor("p.weight_scale", DType::bf16, {1, 2}, std::vector<uint16_t>(2));
  expect_error("p", "p.weight_scale: shape [1, 2], expected [1, 1] (group 32)");
}

}  // namespace
}  // namespace quantrial
