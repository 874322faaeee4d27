#include "formats/activations.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "formats/activation_kernels.h"
#include "formats/codec_rules.h"
#include "formats/e2m1.h"
#include "tensor/numbers.h"

namespace quantrial {
namespace {

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
  const float epsilon = arithmetic == Arithmetic::bfloat16 ? bfloat16_epsilon : 0x1p-23f;
  for (size_t at = 0; at < x.size(); at += group) {
    const auto part = x.subspan(at, std::min(group, x.size() - at));
    const float scale = rounded(absmax(part) / e4m3_max, arithmetic);
    quantize_fp8(part, scale == 0 ? epsilon : scale, arithmetic);
  }
}

void apply(std::span<float> x, const Fp8Static& scheme, Arithmetic) {
  quantize_fp8(x, scheme.scale, Arithmetic::float32);
}

float nvfp4_scale_of(float largest, const GlobalScale& global, Arithmetic arithmetic) {
  const float e4m3 = through_e4m3(rounded(largest / e2m1_max, arithmetic) * global.divisor());
  return global.applied_to(e4m3 == 0 ? e4m3_epsilon : e4m3);
}

void apply(std::span<float> x, const Nvfp4Local& scheme, Arithmetic arithmetic) {
  constexpr size_t group = activations::nvfp4_group, groups_at_once = 64;
  std::array<float, groups_at_once> scales;
  const size_t whole = x.size() / group * group;
  for (size_t at = 0; at < whole; at += groups_at_once * group) {
    const size_t groups = std::min(groups_at_once, (whole - at) / group);
    const auto count = static_cast<int64_t>(groups);
    activations::largest_magnitudes(x.data() + at, count, scales.data());
    for (float& s : std::span(scales).first(groups)) {
      s = nvfp4_scale_of(s, scheme.global, arithmetic);
    }
    activations::round_to_e2m1(x.data() + at, count, scales.data());
  }
  const auto rest = x.subspan(whole);
  const float scale = nvfp4_scale_of(absmax(rest), scheme.global, arithmetic);
  for (float& v : rest) v = std::isnan(v) ? v : decode_e2m1(encode_e2m1(v / scale)) * scale;
}

}  // namespace

void quantize_dequantize(std::span<float> x, const Activations& activations,
                         Arithmetic arithmetic) {
  std::visit([&](const auto& scheme) { apply(x, scheme, arithmetic); }, activations);
}

}  // namespace quantrial
