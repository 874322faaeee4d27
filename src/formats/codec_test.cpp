#include "formats/codec.h"

#include <gtest/gtest.h>

#include "formats/codec_rules.h"
#include "formats/e2m1.h"
#include "formats/pack.h"

namespace quantrial {
namespace {

std::vector<uint8_t> encoded(const auto& codec, std::span<const float> w, GroupScale scale,
                             std::span<const float> shift = {}) {
  std::vector<uint8_t> codes(w.size());
  codec.encode(w, shift, scale, codes);
  return codes;
}

// formats.md A.1, executed there with auto-round's quant_tensor_sym.
TEST(Int4Codec, SignedScalePutsTheLargestWeightOnCodeZero) {
  const Int4Codec codec;
  EXPECT_EQ(codec.fit({-0.5f, 1}), (GroupScale{-0.125f, 8}));
  EXPECT_EQ(codec.fit({-1, 0.5f}), (GroupScale{0.125f, 8}));
  EXPECT_EQ(codec.fit({-1, 1}), (GroupScale{-0.125f, 8})) << "tie";
  const std::vector<float> w = {1, -0.5f, 0, 0.0625f, 0.1875f};
  EXPECT_EQ(encoded(codec, w, codec.fit(range_of(w))), (std::vector<uint8_t>{0, 12, 8, 8, 6}));
}

TEST(Int4Codec, SmallSignedScalesStopAt1e5) {
  const Int4Codec codec;
  const float smallest = to_float(to_float16(1e-5f));
  EXPECT_EQ(codec.fit({0, 0}), (GroupScale{smallest, 8}));
  EXPECT_EQ(codec.fit({-1e-6f, 0}), (GroupScale{smallest, 8}));
  EXPECT_EQ(codec.fit({0, 1e-6f}), (GroupScale{-smallest, 8}));
  const std::vector<float> zeros(128);
  EXPECT_EQ(encoded(codec, zeros, codec.fit({0, 0})), std::vector<uint8_t>(128, 8));
}

// formats.md A.3, executed there with compressed-tensors' calculate_qparams.
TEST(Int4Codec, AsymmetricRangeHoldsZero) {
  Int4Codec codec{.fit_rule = Int4Codec::Fit::range, .group_size = 32, .scale_dtype = DType::bf16};
  for (const auto arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
    codec.arithmetic = arithmetic;
    EXPECT_EQ(codec.fit({-1, 0.5f}), (GroupScale{round_to_bfloat16(0.1f), 8 + 2}));
    EXPECT_EQ(codec.fit({0.2f, 0.5f}), (GroupScale{round_to_bfloat16(0.5f / 15), 8 - 8}));
    const GroupScale zeros = codec.fit({0, 0});
    EXPECT_EQ(zeros, (GroupScale{0x1p-7f, 0}));
    const std::vector<float> w(4);
    for (const uint8_t code : encoded(codec, w, zeros)) EXPECT_EQ(codec.decode(code, zeros), 0);
  }
}

TEST(Int4Codec, SymmetricScaleIsAbsmaxOverSevenAndAHalf) {
  const Int4Codec codec{.fit_rule = Int4Codec::Fit::absmax,
                        .scale_dtype = DType::bf16,
                        .arithmetic = Arithmetic::bfloat16};
  EXPECT_EQ(codec.fit({-1, 0.5f}), (GroupScale{round_to_bfloat16(1 / 7.5f), 8}));
  EXPECT_EQ(codec.fit({0, 0}), (GroupScale{0x1p-7f, 8}));
}

TEST(Int4Codec, ShiftMovesByStepsOfTheScale) {
  const Int4Codec codec;
  const std::vector<float> w = {1, 0.25f, 0.25f, 0.25f}, shift = {0, 0.4f, 0.6f, -1};
  const GroupScale scale = codec.fit(range_of(w));
  EXPECT_EQ(encoded(codec, w, scale, shift), (std::vector<uint8_t>{0, 6, 7, 5}));
}

TEST(Int4Codec, CodesOfWeightsOutsideTheRangeSaturate) {
  const Int4Codec codec;
  const std::vector<float> w = {1e30f, -1e30f};
  EXPECT_EQ(encoded(codec, w, {0.125f, 8}), (std::vector<uint8_t>{15, 0}));
}

TEST(Nvfp4Codec, ScaleOfZeroIsAnEighth) {
  const Nvfp4Codec codec{.divisor = Nvfp4Codec::divisor_for(0)};
  EXPECT_EQ(codec.divisor, 1);
  EXPECT_EQ(codec.fit({0, 0}), (GroupScale{0.125f, 0}));
  const std::vector<float> zeros(16);
  EXPECT_EQ(encoded(codec, zeros, {0.125f, 0}), std::vector<uint8_t>(16, 0));
}

// compressed-tensors 0.20.0: generate_gparam gives 1 for 0, 1e-37 and 1e-39, 2.688e38 for 1e-35.
TEST(Nvfp4Codec, DivisorOfNextToNothingIsOne) {
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
    for (const float absmax : {0.0f, 1e-37f, 1e-39f}) {
      EXPECT_EQ(Nvfp4Codec::divisor_for(absmax, arithmetic), 1) << absmax;
    }
    EXPECT_GT(Nvfp4Codec::divisor_for(1e-35f, arithmetic), 2.6e38f);
  }
}

TEST(Nvfp4Codec, LargestGroupTakesTheLargestScale) {
  const Nvfp4Codec codec{.divisor = Nvfp4Codec::divisor_for(3)};
  EXPECT_EQ(codec.divisor, 2688.0f / 3);
  EXPECT_EQ(codec.fit({-3, 1}), (GroupScale{448 / codec.divisor, 0}));
}

// The borders between codes, both signs: encode_e2m1 has formats.md A.4's executed cases.
TEST(Nvfp4Codec, CodesAreThoseOfE2m1) {
  const Nvfp4Codec codec;
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 0x1000) {
    const std::vector<float> w = {std::bit_cast<float>(bits),
                                  std::bit_cast<float>(bits | 1u << 31)};
    ASSERT_EQ(encoded(codec, w, {1, 0}),
              (std::vector<uint8_t>{encode_e2m1(w[0]), encode_e2m1(w[1])}))
        << w[0];
  }
}

TEST(Nvfp4Codec, ShiftMovesByStepsOfTheScale) {
  const Nvfp4Codec codec;
  const std::vector<float> w = {1, 1, -1}, shift = {0, 0.3f, 0.3f};
  EXPECT_EQ(encoded(codec, w, {0.5f, 0}, shift), (std::vector<uint8_t>{4, 4, 11}));
}

TEST(CodecRules, RoundingInBfloat16IsThatOfTheType) {
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 0x777) {
    const float x = std::bit_cast<float>(bits);
    ASSERT_EQ(result_in<Arithmetic::bfloat16>(x), round_to_bfloat16(x));
    ASSERT_EQ(result_in<Arithmetic::bfloat16>(-x), round_to_bfloat16(-x));
  }
}

// Codes and scales of three rows under a codec; what pack() makes of them decodes to the same.
void expect_packs(const Codec& codec, int64_t columns, const std::vector<GroupScale>& scales) {
  QuantizedMatrix matrix{.rows = 3, .columns = columns, .group_size = group_size(codec)};
  for (int64_t i = 0; i < 3 * columns; ++i) {
    matrix.codes.push_back(static_cast<uint8_t>((i * 7 + i / 5) % 16));
  }
  for (int64_t i = 0; i < 3 * columns / matrix.group_size; ++i) {
    matrix.scales.push_back(scales[static_cast<size_t>(i) % scales.size()]);
  }
  std::vector<std::vector<float>> expected(3, std::vector<float>(static_cast<size_t>(columns)));
  for (int64_t n = 0; n < 3; ++n) {
    decode_row(codec, matrix, n, expected[static_cast<size_t>(n)]);
  }
  const Weight weight = pack(codec, std::move(matrix), Unquantized{});
  for (int64_t n = 0; n < 3; ++n) {
    std::vector<float> row(static_cast<size_t>(columns));
    decode_row(weight, n, row);
    EXPECT_EQ(row, expected[static_cast<size_t>(n)]);
  }
}

TEST(Pack, KeepsCodesScalesAndZeroPoints) {
  expect_packs(Int4Codec{}, 256, {{0.125f, 8}, {-0.5f, 8}, {to_float(to_float16(1e-5f)), 8}});
  expect_packs(
      Int4Codec{.fit_rule = Int4Codec::Fit::range, .group_size = 32, .scale_dtype = DType::bf16},
      96, {{0.125f, 0}, {0.5f, 15}, {2, 7}, {0x1p-7f, 1}, {3, 8}});
  const Nvfp4Codec nvfp4{.divisor = 1234.567f};
  std::vector<GroupScale> all;  // every positive E4M3
  for (uint8_t bits = 1; bits < 0x7F; ++bits) {
    all.push_back({to_float(float8_e4m3{bits}) / nvfp4.divisor, 0});
  }
  expect_packs(nvfp4, 16 * 64, all);
}

}  // namespace
}  // namespace quantrial
