#include "formats/round_to_nearest.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>

#include "base/error.h"
#include "formats/codec_rules.h"
#include "formats/test_rounding.h"

namespace quantrial {
namespace {

// Weights of very different sizes: some groups all zeros, some nearly, some large.
F32 weights(int64_t rows, int64_t columns) {
  std::vector<float> w;
  uint32_t state = 7;
  const auto next = [&] { return state = state * 1664525 + 1013904223; };
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t run = i / 16;
    const float size = run % 11 == 3 ? 0 : std::ldexp(1.0f, static_cast<int>(run % 23) - 20);
    w.push_back(static_cast<float>(static_cast<int32_t>(next())) * 0x1p-31f * size);
  }
  return {rows, columns, Array<float>(std::move(w))};
}

Bf16 as_bf16(const F32& w) {
  std::vector<bfloat16> values;
  for (const float v : w.values.span()) values.push_back(to_bfloat16(v));
  return {w.rows, w.columns, Array<bfloat16>(std::move(values))};
}

// formats.md A.2 in numbers.h's conversions.
Fp8Block fp8_by_blocks(const Weight& weight, const Fp8Codec& codec) {
  Fp8Block block{rows(weight), columns(weight), codec.block_rows, codec.block_columns, {}, {}, {}};
  std::vector<std::vector<float>> w(static_cast<size_t>(block.rows),
                                    std::vector<float>(static_cast<size_t>(block.columns)));
  for (size_t n = 0; n < w.size(); ++n) decode_row(weight, static_cast<int64_t>(n), w[n]);
  const bool hf = codec.rule == Fp8Codec::Rule::hugging_face;
  const auto width = static_cast<size_t>(block.scale_columns());
  std::vector<float> absmax((w.size() + 127) / 128 * width), stored;
  for (size_t n = 0; n < w.size(); ++n) {
    for (size_t k = 0; k < w[n].size(); ++k) {
      float& m = absmax[n / 128 * width + k / 128];
      m = std::max(m, std::fabs(w[n][k]));
    }
  }
  for (const float m : absmax) {
    const float divided = round_to_bfloat16(m / 448);
    stored.push_back(!hf ? (divided == 0 ? 0x1p-7f : divided) : m == 0 ? 1 : 1 / (1 / m * 448));
  }
  std::vector<float8_e4m3> codes;
  for (size_t n = 0; n < w.size(); ++n) {
    for (size_t k = 0; k < w[n].size(); ++k) {
      const size_t at = n / 128 * width + k / 128;
      const float wanted = hf ? w[n][k] * (absmax[at] == 0 ? 1 : 1 / absmax[at] * 448)
                              : round_to_bfloat16(w[n][k] / stored[at]);
      codes.push_back(to_float8_e4m3(std::clamp(wanted, -448.0f, 448.0f)));
    }
  }
  block.codes = Array<float8_e4m3>(std::move(codes));
  block.scales = Array<float>(std::move(stored));
  return block;
}

// One instruction set that the loops are compiled for; skipped where the machine lacks it.
class OnTarget : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    if ((hwy::SupportedTargets() & GetParam()) == 0) GTEST_SKIP() << "not on this machine";
    use(GetParam());
  }
  void TearDown() override { use(0); }
  static void use(int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }

  ThreadPool pool_{2};
};

TEST_P(OnTarget, GivesTheBitsOfTheCodecs) {
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
    for (const auto fit :
         {Int4Codec::Fit::signed_absmax, Int4Codec::Fit::absmax, Int4Codec::Fit::range}) {
      for (const int64_t group : {16, 32, 128, 384}) {
        const Int4Codec codec{fit, group,
                              fit == Int4Codec::Fit::signed_absmax ? DType::f16 : DType::bf16,
                              arithmetic};
        const Weight w = weights(37, 384 * 3);
        expect_equal_weights<Int4Group>(round_to_nearest({w, "w"}, codec, Unquantized{}, pool_),
                                        rounded(w, codec, Unquantized{}), "int4");
      }
    }
  }
  const Weight w = as_bf16(weights(19, 16 * 45));
  const float largest = absmax({w, "w"}, pool_);
  for (const float divisor : {Nvfp4Codec::divisor_for(largest), 1.0f, 100.0f}) {
    const Nvfp4Codec codec{.divisor = divisor};
    expect_equal_weights<Nvfp4>(round_to_nearest({w, "w"}, codec, Unquantized{}, pool_),
                                rounded(w, codec, Unquantized{}), "nvfp4");
  }
}

TEST_P(OnTarget, Fp8BlocksMayBeCutShort) {
  for (const auto rule : {Fp8Codec::Rule::hugging_face, Fp8Codec::Rule::compressed_tensors}) {
    const Weight w = as_bf16(weights(300, 200));
    const Fp8Codec codec{.rule = rule};
    const Weight ours = round_to_nearest({w, "w"}, codec, Fp8Dynamic{}, pool_);
    expect_equal_weights<Fp8Block>(ours, fp8_by_blocks(w, codec), "fp8");
    EXPECT_TRUE(std::holds_alternative<Fp8Dynamic>(activations(ours)));
  }
}

// Every set of this compiler, a bit of HWY_TARGETS each.
std::vector<int64_t> instruction_sets() {
  std::vector<int64_t> sets;
  for (int bit = 0; bit < 63; ++bit) {
    if (const int64_t set = int64_t{1} << bit; (HWY_TARGETS & set) != 0) sets.push_back(set);
  }
  return sets;
}
INSTANTIATE_TEST_SUITE_P(InstructionSets, OnTarget, ::testing::ValuesIn(instruction_sets()),
                         [](const auto& test) { return std::string(hwy::TargetName(test.param)); });

// Every number between the borders of a small type and on them, against the plain conversions.
TEST(CodecRules, SmallFloatsAreThoseOfTheType) {
  for (uint32_t bits = 0; bits < 0x7F800000u; bits += 0x1111) {
    for (const float x : {std::bit_cast<float>(bits), -std::bit_cast<float>(bits & 0xFFFF0000u)}) {
      ASSERT_EQ(e4m3_code(x), to_float8_e4m3(std::clamp(x, -448.0f, 448.0f)).bits) << x;
      ASSERT_EQ(e2m1_code(x), encode_e2m1(x)) << x;
    }
  }
}

TEST(RoundToNearest, GroupsOfZerosAreExact) {
  ThreadPool pool(1);
  const Weight zeros = Bf16{128, 128, Array<bfloat16>(std::vector<bfloat16>(128 * 128))};
  EXPECT_EQ(absmax({zeros, "w"}, pool), 0);
  for (const RoundingCodec& codec : std::initializer_list<RoundingCodec>{
           Int4Codec{}, Int4Codec{.fit_rule = Int4Codec::Fit::range, .scale_dtype = DType::bf16},
           Nvfp4Codec{.divisor = Nvfp4Codec::divisor_for(0)}, Fp8Codec{},
           Fp8Codec{Fp8Codec::Rule::compressed_tensors}}) {
    const Weight rounded = round_to_nearest({zeros, "w"}, codec, Unquantized{}, pool);
    std::vector<float> row(128, 1);
    decode_row(rounded, 127, row);
    EXPECT_EQ(row, std::vector<float>(128, 0));
  }
}

TEST(RoundToNearest, NamesTheFirstWeightThatIsNotFinite) {
  ThreadPool pool(2);
  for (const float wrong : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> w(64 * 128, 0.5f);
    w[40 * 128 + 3] = wrong;
    w[50 * 128 + 1] = wrong;
    const Weight weight = F32{64, 128, Array<float>(std::move(w))};
    const auto expect_named = [&](const auto& call) {
      try {
        call();
        FAIL() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(
            std::string(error.what()),
            fmt::format("model.w: {} at row 40, column 3; the checkpoint is damaged, get it again",
                        wrong));
      }
    };
    for (const RoundingCodec& codec :
         std::initializer_list<RoundingCodec>{Int4Codec{}, Nvfp4Codec{}, Fp8Codec{}}) {
      expect_named([&] { round_to_nearest({weight, "model.w"}, codec, Unquantized{}, pool); });
    }
    expect_named([&] { absmax({weight, "model.w"}, pool); });
  }
}

TEST(RoundToNearest, RefusesWhatTheScalesCannotHold) {
  ThreadPool pool(1);
  const Weight weight = F32{1, 128, Array<float>(std::vector<float>(128, 1e6f))};
  EXPECT_THROW(round_to_nearest({weight, "w"}, Int4Codec{}, Unquantized{}, pool), Error);
}

}  // namespace
}  // namespace quantrial
