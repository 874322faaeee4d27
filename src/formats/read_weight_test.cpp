// NVFP4 and FP8 in their containers, plain matrices, and the rule that the tensors decide.
#include <cmath>

#include "formats/model_folder.h"

namespace quantrial {
namespace {

constexpr uint8_t e4m3_one = 0x38, e4m3_two = 0x40;
constexpr uint16_t bf16_one = 0x3F80, bf16_half = 0x3F00, bf16_two = 0x4000;

Json nvfp4_config(const Json& inputs) {
  return {{"quant_method", "compressed-tensors"},
          {"format", "nvfp4-pack-quantized"},
          {"ignore", {"lm_head"}},
          {"config_groups",
           {{"group_0",
             {{"targets", {"Linear"}},
              {"input_activations", inputs},
              {"weights",
               {{"num_bits", 4},
                {"type", "float"},
                {"strategy", "tensor_group"},
                {"group_size", 16},
                {"dynamic", false}}}}}}}};
}
const Json local_inputs = {{"num_bits", 4},
                           {"type", "float"},
                           {"strategy", "tensor_group"},
                           {"group_size", 16},
                           {"dynamic", "local"}};

class ReadWeight : public ModelFolder {
 protected:
  // One row of 32: all 16 codes, then again with the scale 2.
  void nvfp4_tensors(const std::string& codes, const std::string& global, float value) {
    const std::vector<uint8_t> bytes = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};
    std::vector<uint8_t> twice = bytes;
    twice.insert(twice.end(), bytes.begin(), bytes.end());
    tensor("m." + codes, DType::u8, {1, 16}, twice);
    tensor("m.weight_scale", DType::f8_e4m3, {1, 2}, std::vector<uint8_t>{e4m3_one, e4m3_two});
    tensor("m." + global, DType::f32, {}, std::vector<float>{value});
  }
  void expect_nvfp4_row(float factor) {
    const float lattice[] = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0., -.5f, -1, -1.5f, -2, -3, -4, -6};
    const auto values = row("m", 0);
    for (size_t k = 0; k < 32; ++k) {
      EXPECT_EQ(values[k], lattice[k % 16] * factor * (k < 16 ? 1 : 2)) << k;
    }
    EXPECT_TRUE(std::signbit(values[8]));
  }
};

TEST_F(ReadWeight, Nvfp4OfCompressedTensorsDivides) {
  config(nvfp4_config(nullptr));
  nvfp4_tensors("weight_packed", "weight_global_scale", 4);
  expect_nvfp4_row(0.25f);
  config(nvfp4_config(local_inputs));
  expect_error("m", "m.input_global_scale: absent");
  tensor("m.input_global_scale", DType::f32, {1}, std::vector<float>{8});
  with_weight("m", [](const Weight& weight) {
    const auto& local = std::get<Nvfp4Local>(activations(weight));
    EXPECT_EQ(local.global.divisor(), 8);
    return 0;
  });
}

TEST_F(ReadWeight, Nvfp4OfModelOptMultiplies) {
  config({{"quant_method", "modelopt"}, {"quant_algo", "NVFP4"}, {"ignore", {"lm_head*"}}});
  nvfp4_tensors("weight", "weight_scale_2", 0.25f);
  tensor("m.input_scale", DType::f32, {}, std::vector<float>{0.125f});
  expect_nvfp4_row(0.25f);
  with_weight("m", [](const Weight& weight) {
    EXPECT_EQ(std::get<Nvfp4Local>(activations(weight)).global.divisor(), 8);
    return 0;
  });
  tensor("m.pre_quant_scale", DType::bf16, {32}, std::vector<uint16_t>(32));
  expect_error("m", "m.pre_quant_scale: smoothing");
}

TEST_F(ReadWeight, Nvfp4RefusesImpossibleScalesAndShapes) {
  config(nvfp4_config(nullptr));
  for (const float bad : {0.0f, -1.0f, NAN, INFINITY}) {
    nvfp4_tensors("weight_packed", "weight_global_scale", bad);
    expect_error("m", "expected a positive finite number");
  }
  nvfp4_tensors("weight_packed", "weight_global_scale", 1);
  tensor("m.weight_global_scale", DType::f32, {2}, std::vector<float>{1, 1});
  expect_error("m", "m.weight_global_scale: shape [2], expected [1] (one number)");
  nvfp4_tensors("weight_packed", "weight_global_scale", 1);
  tensor("m.weight_scale", DType::f8_e4m3, {1, 3}, std::vector<uint8_t>(3));
  expect_error("m", "m.weight_scale: shape [1, 3], expected [1, 2] (group 16)");
  tensor("m.weight_scale", DType::u8, {1, 2}, std::vector<uint8_t>(2));
  expect_error("m", "dtype U8, expected F8_E4M3");
  tensor("m.weight_packed", DType::u8, {1, 15}, std::vector<uint8_t>(15));
  tensor("m.weight_scale", DType::f8_e4m3, {1, 2}, std::vector<uint8_t>(2));
  expect_error("m", "m.weight_packed: 30 columns, expected a multiple of 16");
}

TEST_F(ReadWeight, Fp8BlocksMayBeRaggedAndScalesBf16) {
  config(
      {{"quant_method", "fp8"}, {"weight_block_size", {2, 4}}, {"activation_scheme", "dynamic"}});
  tensor("m.weight", DType::f8_e4m3, {3, 5}, std::vector<uint8_t>(15, e4m3_one));
  tensor("m.weight_scale_inv", DType::bf16, {2, 2},
         std::vector<uint16_t>{bf16_one, bf16_half, bf16_two, bf16_one});
  EXPECT_EQ(row("m", 1), (std::vector<float>{1, 1, 1, 1, 0.5f}));
  EXPECT_EQ(row("m", 2), (std::vector<float>{2, 2, 2, 2, 1}));
  tensor("m.weight_scale_inv", DType::f8_e8m0, {2, 2}, std::vector<uint8_t>{127, 126, 128, 127});
  EXPECT_EQ(row("m", 2), (std::vector<float>{2, 2, 2, 2, 1})) << "scale_fmt ue8m0";
  tensor("m.weight_scale_inv", DType::f32, {2, 1}, std::vector<float>{1, 1});
  expect_error("m", "m.weight_scale_inv: shape [2, 1], expected [2, 2] (blocks of 2 x 4)");
  erase("m.weight_scale_inv");
  expect_error("m", "m.weight_scale: absent");
}

TEST_F(ReadWeight, Fp8PerTensorAndPerChannel) {
  config({{"quant_method", "fp8"}, {"activation_scheme", "static"}});
  tensor("m.weight", DType::f8_e4m3, {2, 3}, std::vector<uint8_t>(6, e4m3_one));
  tensor("m.weight_scale", DType::f32, {}, std::vector<float>{3});
  tensor("m.input_scale", DType::f32, {}, std::vector<float>{0.5f});
  EXPECT_EQ(row("m", 1), (std::vector<float>{3, 3, 3}));
  tensor("m.weight_scale", DType::f32, {2, 1}, std::vector<float>{3, 4});
  EXPECT_EQ(row("m", 1), (std::vector<float>{4, 4, 4}));
  with_weight("m", [](const Weight& weight) {
    EXPECT_EQ(std::get<Fp8Static>(activations(weight)).scale, 0.5f);
    return 0;
  });
  erase("m.input_scale");
  expect_error("m", "m.input_scale: absent");
}

TEST_F(ReadWeight, PlainMatricesAreBorrowedOrExact) {
  tensor("b.weight", DType::bf16, {1, 2}, std::vector<uint16_t>{bf16_one, bf16_half});
  tensor("h.weight", DType::f16, {1, 2}, std::vector<uint16_t>{0x0001, 0x3C00});
  tensor("f.weight", DType::f32, {1, 1}, std::vector<float>{0.1f});
  EXPECT_EQ(row("b", 0), (std::vector<float>{1, 0.5f}));
  EXPECT_EQ(row("h", 0), (std::vector<float>{0x1p-24f, 1}));
  EXPECT_EQ(row("f", 0), (std::vector<float>{0.1f}));
  tensor("i.weight", DType::i8, {1, 1}, std::vector<int8_t>{1});
  expect_error("i", "i.weight: dtype I8, expected BF16 or F16 or F32");
  tensor("n.weight", DType::bf16, {2}, std::vector<uint16_t>(2));
  expect_error("n", "n.weight: shape [2], expected a matrix");
  tensor("z.weight", DType::bf16, {0, 4}, std::vector<uint16_t>());
  expect_error("z", "z.weight: shape [0, 4], expected a matrix");
  expect_error("absent", "absent: 0 of weight, weight_packed and qweight are there");
  tensor("b.bias", DType::bf16, {1}, std::vector<uint16_t>(1));
  expect_error("b", "b.bias: present");
}

TEST_F(ReadWeight, TensorsDecideAndContradictionsAreNamed) {
  // lm_head is ignored, and mtp would be: packed tensors are read by the only scheme there is.
  Json json = nvfp4_config(nullptr);
  json["ignore"] = {"m", "re:^mtp.*"};
  config(json);
  nvfp4_tensors("weight_packed", "weight_global_scale", 4);
  expect_nvfp4_row(0.25f);
  tensor("q.weight", DType::bf16, {1, 1}, std::vector<uint16_t>{bf16_one});
  EXPECT_EQ(row("q", 0), std::vector<float>{1}) << "plain although targets is Linear";

  config(Json::object());
  expect_error("m",
               "m: stored as weight_packed, weight_scale, weight_global_scale, which "
               "quantization_config (unquantized) does not explain");
  config({{"quant_method", "awq"}, {"bits", 4}, {"group_size", 32}});
  expect_error("m", "quantization_config (awq gemm) does not explain");
  json = nvfp4_config(nullptr);
  json["config_groups"]["group_0"]["weights"] = {
      {"num_bits", 8}, {"type", "float"}, {"strategy", "tensor"}};
  json["format"] = "float-quantized";
  config(json);
  expect_error("m", "has no nvfp4 scheme for it");
  tensor("q.weight_scale", DType::f32, {}, std::vector<float>{1});
  expect_error("q", "q: weight is BF16, not quantized, but stands beside weight_scale");
  tensor("m.weight", DType::bf16, {1, 1}, std::vector<uint16_t>{bf16_one});
  expect_error("m", "m: 2 of weight, weight_packed and qweight are there, expected one");
}

}  // namespace
}  // namespace quantrial
