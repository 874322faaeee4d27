// Activation quantization against compressed-tensors, bit for bit: oracles, act_quant_cases.
#include "formats/activations.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "formats/e2m1.h"
#include "tensor/numbers.h"
#include "tensor/safetensors.h"

namespace quantrial {
namespace {

const SafetensorsFile& cases() {
  static const SafetensorsFile file(std::filesystem::path(QUANTRIAL_ORACLES) /
                                    "tiny/act_quant_cases.safetensors");
  return file;
}

const StoredTensor& tensor(const std::string& name) {
  for (const StoredTensor& t : cases().tensors()) {
    if (t.name == name) return t;
  }
  throw Error("{} is not among the oracle's cases", name);
}

struct Case {
  const char* module;
  const char* type;  // "f32" or "bf16": the type of x and of the tool's arithmetic
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.module << " " << c.type; }

class ActivationCases : public ::testing::TestWithParam<Case> {
 protected:
  // Quantizes each row of x and compares with what the tool returned in its type.
  void expect_equal(const Activations& scheme, const std::string& kind) {
    const std::string prefix = std::string(GetParam().module) + "." + GetParam().type;
    const StoredTensor& x = tensor(prefix + ".x");
    const std::vector<float> wanted = tensor(prefix + "." + kind + ".fq").floats();
    const bool bf16 = x.dtype == DType::bf16;
    std::vector<float> got = x.floats();
    const auto width = static_cast<size_t>(x.shape[1]);
    for (size_t at = 0; at < got.size(); at += width) {
      quantize_dequantize(std::span(got).subspan(at, width), scheme,
                          bf16 ? Arithmetic::bfloat16 : Arithmetic::float32);
    }
    size_t different = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const float rounded = bf16 ? round_to_bfloat16(got[i]) : got[i];
      different += std::bit_cast<uint32_t>(rounded) != std::bit_cast<uint32_t>(wanted[i]);
    }
    EXPECT_EQ(different, 0u) << "of " << got.size();
  }
};

TEST_P(ActivationCases, Nvfp4LocalEqualsCompressedTensors) {
  const float divisor =
      tensor(std::string(GetParam().module) + ".nvfp4.input_global_scale").floats()[0];
  expect_equal(Nvfp4Local{{divisor, GlobalScale::Kind::divisor}}, "nvfp4");
}

TEST_P(ActivationCases, Fp8DynamicEqualsCompressedTensors) { expect_equal(Fp8Dynamic{128}, "fp8"); }

// The rule number by number (the oracles hold no NaN, infinity, or number near a border).
TEST(Activations, Nvfp4GroupsFollowTheRule) {
  constexpr size_t width = 83 * 16;
  const GlobalScale global{.value = 321.0f};
  std::vector<float> x(width);
  for (size_t i = 0; i < width; ++i) {
    const auto bits = static_cast<uint32_t>(i * 2654435761u);
    const float sign = bits & 1 ? -1.0f : 1.0f;
    x[i] = sign * static_cast<float>(bits >> 8) * std::ldexp(1.0f, static_cast<int>(i / 16) - 60);
  }
  for (size_t i = 0; i < 16; ++i) {  // all borders under a scale of 1 / 321
    x[i] = (i % 2 == 0 ? -0.25f : 0.25f) * static_cast<float>(i + 9) / 321.0f;
    x[i + 16] = 0;
    x[i + 32] = i == 5 ? NAN : 1.0f;
    x[i + 48] = i == 7 ? -INFINITY : 2.0f;
  }
  x[15] = 6 / 321.0f;
  std::vector<float> expected = x;
  for (size_t at = 0; at < width; at += 16) {
    float largest = 0;
    for (size_t i = at; i < at + 16; ++i) {
      largest = std::isnan(x[i]) ? x[i] : std::max(largest, std::fabs(x[i]));
      if (std::isnan(largest)) break;
    }
    const float e4m3 =
        to_float(to_float8_e4m3(std::clamp(largest / 6 * global.value, -448.0f, 448.0f)));
    const float scale = global.applied_to(e4m3 == 0 ? 0.125f : e4m3);
    for (size_t i = at; i < at + 16; ++i) {
      expected[i] = std::isnan(x[i]) ? x[i] : decode_e2m1(encode_e2m1(x[i] / scale)) * scale;
    }
  }
  const auto use = [](int64_t targets) {  // 0: what the machine has
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  };
  const int64_t here = hwy::SupportedTargets() & HWY_TARGETS;
  for (int64_t left = here; left != 0; left &= left - 1) {
    use(left & -left);
    std::vector<float> ours = x;
    quantize_dequantize(ours, Nvfp4Local{global}, Arithmetic::float32);
    for (size_t i = 0; i < width; ++i) {
      ASSERT_TRUE(std::isnan(expected[i])
                      ? std::isnan(ours[i])
                      : std::bit_cast<uint32_t>(ours[i]) == std::bit_cast<uint32_t>(expected[i]))
          << hwy::TargetName(left & -left) << " " << i << ": " << ours[i] << " for " << expected[i];
    }
  }
  use(0);
}

INSTANTIATE_TEST_SUITE_P(Oracles, ActivationCases,
                         ::testing::Values(Case{"layers.0.linear_attn.in_proj_qkv", "f32"},
                                           Case{"layers.0.linear_attn.in_proj_qkv", "bf16"},
                                           Case{"layers.0.mlp.down_proj", "f32"},
                                           Case{"layers.0.mlp.down_proj", "bf16"},
                                           Case{"layers.3.self_attn.k_proj", "f32"},
                                           Case{"layers.3.self_attn.k_proj", "bf16"}));

}  // namespace
}  // namespace quantrial
