#include "formats/activations.h"

#include <algorithm>
#include <cmath>

#include "formats/e2m1.h"
#include "tensor/numbers.h"

namespace quantrial {
namespace {

constexpr float e4m3_max = 448;
constexpr float e2m1_max = 6;
// What compressed-tensors puts for a scale of zero: the epsilon of the scale's type.
constexpr float e4m3_epsilon = 0.125f;

float rounded(float x, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::bfloat16 ? round_to_bfloat16(x) : x;
}

float absmax(std::span<const float> x) {
  float m = 0;
  for (const float v : x) {
    m = std::isnan(v) ? v : std::max(m, std::fabs(v));
    if (std::isnan(m)) break;
  }
  return m;
}

float through_e4m3(float x) { return to_float(to_float8_e4m3(std::clamp(x, -e4m3_max, e4m3_max))); }

void quantize_fp8(std::span<float> x, float scale, Arithmetic arithmetic) {
  for (float& v : x) {
    v = through_e4m3(rounded(v / scale, arithmetic)) * scale;
  }
}

void apply(std::span<float>, Unquantized, Arithmetic) {}

void apply(std::span<float> x, const Fp8Dynamic& scheme, Arithmetic arithmetic) {
  const size_t group = scheme.group == 0 ? x.size() : static_cast<size_t>(scheme.group);
  // torch.finfo(dtype).eps, for a group of zeros
  const float epsilon = arithmetic == Arithmetic::bfloat16 ? 0x1p-7f : 0x1p-23f;
  for (size_t at = 0; at < x.size(); at += group) {
    const auto part = x.subspan(at, std::min(group, x.size() - at));
    const float scale = rounded(absmax(part) / e4m3_max, arithmetic);
    quantize_fp8(part, scale == 0 ? epsilon : scale, arithmetic);
  }
}

void apply(std::span<float> x, const Fp8Static& scheme, Arithmetic) {
  quantize_fp8(x, scheme.scale, Arithmetic::float32);
}

void apply(std::span<float> x, const Nvfp4Local& scheme, Arithmetic arithmetic) {
  constexpr size_t group = 16;
  const float divisor = scheme.global.divisor();
  for (size_t at = 0; at < x.size(); at += group) {
    const auto part = x.subspan(at, std::min(group, x.size() - at));
    const float wanted = rounded(absmax(part) / e2m1_max, arithmetic) * divisor;
    const float e4m3 = through_e4m3(wanted);
    const float scale = scheme.global.applied_to(e4m3 == 0 ? e4m3_epsilon : e4m3);
    for (float& v : part) {
      v = std::isnan(v) ? v : decode_e2m1(encode_e2m1(v / scale)) * scale;
    }
  }
}

}  // namespace

void quantize_dequantize(std::span<float> x, const Activations& activations,
                         Arithmetic arithmetic) {
  std::visit([&](const auto& scheme) { apply(x, scheme, arithmetic); }, activations);
}

}  // namespace quantrial
