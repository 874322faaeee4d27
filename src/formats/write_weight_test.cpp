#include "formats/write_weight.h"

#include "formats/model_folder.h"
#include "formats/round_to_nearest.h"
#include "formats/test_rounding.h"

namespace quantrial {
namespace {

constexpr uint32_t seed = 11;

Bf16 matrix(int64_t rows, int64_t columns) {
  std::vector<bfloat16> w;
  uint32_t state = seed;
  for (int64_t i = 0; i < rows * columns; ++i) {
    state = state * 1664525 + 1013904223;
    w.push_back(to_bfloat16(static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f));
  }
  return {rows, columns, Array<bfloat16>(std::move(w))};
}

std::shared_ptr<const Weight> made(int64_t rows, int64_t columns, const RoundingCodec& codec,
                                   const Activations& activations = Unquantized{}) {
  ThreadPool pool(1);
  const Weight dense = matrix(rows, columns);
  return std::make_shared<const Weight>(round_to_nearest({dense, "m"}, codec, activations, pool));
}

const Int4Codec asymmetric{Int4Codec::Fit::range, 32, DType::bf16, Arithmetic::bfloat16};

class WriteWeight : public ModelFolder {
 protected:
  // Writes `m`, reads it again with the config and compares every bit.
  template <typename F>
  void expect_round_trip(std::shared_ptr<const Weight> weight, OutputContainer container,
                         const Json& quantization_config) {
    tensors_ = written_tensors("m", weight, container);
    config(quantization_config);
    with_weight("m", [&](const Weight& read) {
      expect_equal_weights<F>(read, *weight, format_name(*weight).data());
      EXPECT_EQ(activations(read).index(), activations(*weight).index());
      return 0;
    });
  }
  static Json compressed(const Json& weights, const std::string& format) {
    return {{"quant_method", "compressed-tensors"},
            {"format", format},
            {"config_groups", {{"group_0", {{"targets", {"Linear"}}, {"weights", weights}}}}}};
  }
};

// 13 and 3 rows: words of zero points are not full.
TEST_F(WriteWeight, Int4IsReadBack) {
  for (const int64_t rows : {13, 8, 3}) {
    expect_round_trip<Int4Group>(made(rows, 384, Int4Codec{}), OutputContainer::auto_round,
                                 {{"quant_method", "auto-round"},
                                  {"packing_format", "auto_round:auto_gptq"},
                                  {"bits", 4},
                                  {"group_size", 128},
                                  {"sym", true}});
    expect_round_trip<Int4Group>(made(rows, 96, asymmetric), OutputContainer::compressed_tensors,
                                 compressed({{"num_bits", 4},
                                             {"type", "int"},
                                             {"strategy", "group"},
                                             {"group_size", 32},
                                             {"symmetric", false}},
                                            "pack-quantized"));
    expect_round_trip<Int4Group>(
        made(rows, 256, Int4Codec{Int4Codec::Fit::absmax, 128, DType::bf16, Arithmetic::bfloat16}),
        OutputContainer::compressed_tensors,
        compressed({{"num_bits", 4},
                    {"type", "int"},
                    {"strategy", "group"},
                    {"group_size", 128},
                    {"symmetric", true}},
                   "pack-quantized"));
  }
}

TEST_F(WriteWeight, Fp8IsReadBack) {
  const Json blocks = {
      {"num_bits", 8}, {"type", "float"}, {"strategy", "block"}, {"block_structure", {128, 128}}};
  for (const auto rule : {Fp8Codec::Rule::hugging_face, Fp8Codec::Rule::compressed_tensors}) {
    const auto weight = made(130, 200, Fp8Codec{rule});
    expect_round_trip<Fp8Block>(weight, OutputContainer::compressed_tensors,
                                compressed(blocks, "float-quantized"));
  }
  expect_round_trip<Fp8Block>(made(130, 200, Fp8Codec{}, Fp8Dynamic{}), OutputContainer::fp8,
                              {{"quant_method", "fp8"},
                               {"activation_scheme", "dynamic"},
                               {"weight_block_size", {128, 128}}});
}

TEST_F(WriteWeight, Nvfp4IsReadBack) {
  const Json weights = {
      {"num_bits", 4}, {"type", "float"}, {"strategy", "tensor_group"}, {"group_size", 16}};
  Json config = compressed(weights, "nvfp4-pack-quantized");
  const Nvfp4Codec codec{.divisor = 1234.5f};
  expect_round_trip<Nvfp4>(made(5, 48, codec), OutputContainer::compressed_tensors, config);
  Json inputs = weights;
  inputs["dynamic"] = "local";
  config["config_groups"]["group_0"]["input_activations"] = inputs;
  const auto w4a4 = made(5, 48, codec, Nvfp4Local{{77.5f, GlobalScale::Kind::divisor}});
  expect_round_trip<Nvfp4>(w4a4, OutputContainer::compressed_tensors, config);
  with_weight("m", [](const Weight& read) {
    EXPECT_EQ(std::get<Nvfp4Local>(activations(read)).global.divisor(), 77.5f);
    return 0;
  });
  expect_round_trip<Nvfp4>(w4a4, OutputContainer::auto_round,
                           {{"quant_method", "auto-round"},
                            {"packing_format", "auto_round:llm_compressor"},
                            {"bits", 4},
                            {"group_size", 16},
                            {"data_type", "nv_fp"},
                            {"act_bits", 4},
                            {"act_data_type", "nv_fp4_with_static_gs"}});
}

// formats.md A.1, executed there with auto-round's packing: q[n,k] = (k+n) mod 16.
TEST_F(WriteWeight, WordsOfAutoGptqRunDownTheColumns) {
  QuantizedMatrix matrix{.rows = 32, .columns = 128, .group_size = 128};
  for (int n = 0; n < 32; ++n) {
    for (int k = 0; k < 128; ++k) matrix.codes.push_back(static_cast<uint8_t>((k + n) % 16));
  }
  matrix.scales.assign(32, {0.5f, 8});
  const auto tensors = written_tensors(
      "m", std::make_shared<const Weight>(pack(Int4Codec{}, std::move(matrix), Unquantized{})),
      OutputContainer::auto_round);
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "m.qweight");
  EXPECT_EQ(tensors[0].shape, (std::vector<int64_t>{16, 32}));
  std::vector<std::byte> words;
  tensors[0].make_pieces([&](std::span<const std::byte> piece) {
    words.insert(words.end(), piece.begin(), piece.end());
  });
  uint32_t first[2];
  std::memcpy(first, words.data(), sizeof(first));
  EXPECT_EQ(first[0], 0x76543210u);
  EXPECT_EQ(first[1], 0x87654321u);
  const auto zeros = tensors[1].make_bytes();
  for (const std::byte zero : zeros) EXPECT_EQ(zero, std::byte{0x77});
}

TEST_F(WriteWeight, RefusesWhatTheContainerCannotHold) {
  const auto refused = [](const std::shared_ptr<const Weight>& weight, OutputContainer container) {
    try {
      written_tensors("model.m", weight, container);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refused(made(3, 96, asymmetric), OutputContainer::auto_round),
            "model.m: INT4 with zero points (auto_gptq keeps them less 1) cannot be stored in "
            "auto-round files; choose another container");
  EXPECT_NE(refused(made(3, 128, Int4Codec{}), OutputContainer::fp8).find("INT4"),
            std::string::npos);
  EXPECT_NE(refused(made(3, 128, Fp8Codec{}), OutputContainer::auto_round).find("FP8"),
            std::string::npos);
  EXPECT_NE(refused(made(3, 128, Nvfp4Codec{}), OutputContainer::fp8).find("NVFP4"),
            std::string::npos);
}

}  // namespace
}  // namespace quantrial
