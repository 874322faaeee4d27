// Activation quantization against compressed-tensors, bit for bit: oracles, act_quant_cases.
#include "formats/activations.h"

#include <gtest/gtest.h>

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

INSTANTIATE_TEST_SUITE_P(Oracles, ActivationCases,
                         ::testing::Values(Case{"layers.0.linear_attn.in_proj_qkv", "f32"},
                                           Case{"layers.0.linear_attn.in_proj_qkv", "bf16"},
                                           Case{"layers.0.mlp.down_proj", "f32"},
                                           Case{"layers.0.mlp.down_proj", "bf16"},
                                           Case{"layers.3.self_attn.k_proj", "f32"},
                                           Case{"layers.3.self_attn.k_proj", "bf16"}));

}  // namespace
}  // namespace quantrial
