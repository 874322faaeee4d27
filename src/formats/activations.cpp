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

template <Arithmetic arithmetic>
void to_e4m3_numbers(std::span<float> x, float scale) {
  for (float& v : x) v = e4m3_number(result_in<arithmetic>(v / scale));
}

void to_codes(std::span<float>, Unquantized, Arithmetic, std::span<float>) {}

void to_codes(std::span<float> x, const Fp8Dynamic& scheme, Arithmetic arithmetic,
              std::span<float> scales) {
  const auto group = static_cast<size_t>(scale_group(scheme, std::ssize(x)));
  // torch.finfo(dtype).eps, for a group of zeros
  const float epsilon = arithmetic == Arithmetic::bfloat16 ? bfloat16_epsilon : 0x1p-23f;
  for (size_t at = 0; at < x.size(); at += group) {
    const auto part = x.subspan(at, std::min(group, x.size() - at));
    float scale = rounded(absmax(part) / e4m3_max, arithmetic);
    if (scale == 0) scale = epsilon;
    if (arithmetic == Arithmetic::bfloat16) {
      to_e4m3_numbers<Arithmetic::bfloat16>(part, scale);
    } else {
      to_e4m3_numbers<Arithmetic::float32>(part, scale);
    }
    scales[at / group] = scale;
  }
}

void to_codes(std::span<float> x, const Fp8Static& scheme, Arithmetic, std::span<float> scales) {
  to_e4m3_numbers<Arithmetic::float32>(x, scheme.scale);
  scales[0] = scheme.scale;
}

float nvfp4_scale_of(float largest, const GlobalScale& global, Arithmetic arithmetic) {
  const float e4m3 = through_e4m3(rounded(largest / e2m1_max, arithmetic) * global.divisor());
  return global.applied_to(e4m3 == 0 ? e4m3_epsilon : e4m3);
}

void to_codes(std::span<float> x, const Nvfp4Local& scheme, Arithmetic arithmetic,
              std::span<float> scales) {
  constexpr size_t group = activations::nvfp4_group;
  const size_t groups = x.size() / group;
  activations::largest_magnitudes(x.data(), static_cast<int64_t>(groups), scales.data());
  for (float& s : scales.first(groups)) s = nvfp4_scale_of(s, scheme.global, arithmetic);
  activations::round_to_e2m1(x.data(), static_cast<int64_t>(groups), scales.data());
  const auto rest = x.subspan(groups * group);
  if (rest.empty()) return;
  const float scale = nvfp4_scale_of(absmax(rest), scheme.global, arithmetic);
  for (float& v : rest) v = std::isnan(v) ? v : decode_e2m1(encode_e2m1(v / scale));
  scales[groups] = scale;
}

// Numbers of codes times their scales.
void multiply_groups(std::span<float> x, size_t group, std::span<const float> scales) {
  for (size_t at = 0; at < x.size(); at += group) {
    const float scale = scales[at / group];
    for (float& v : x.subspan(at, std::min(group, x.size() - at))) v *= scale;
  }
}

}  // namespace

int64_t scale_group(const Activations& activations, int64_t columns) {
  if (const auto* fp8 = std::get_if<Fp8Dynamic>(&activations)) {
    return fp8->group > 0 ? fp8->group : columns;
  }
  if (std::holds_alternative<Fp8Static>(activations)) return columns;
  return std::holds_alternative<Nvfp4Local>(activations) ? activations::nvfp4_group : 0;
}

void quantize(std::span<float> x, const Activations& activations, Arithmetic arithmetic,
              std::span<float> scales) {
  std::visit([&](const auto& scheme) { to_codes(x, scheme, arithmetic, scales); }, activations);
}

void quantize_dequantize(std::span<float> x, const Activations& activations,
                         Arithmetic arithmetic) {
  const auto group = static_cast<size_t>(scale_group(activations, std::ssize(x)));
  if (group == 0) return;
  std::array<float, 64> scales;
  const size_t at_once = group * scales.size();
  for (size_t at = 0; at < x.size(); at += at_once) {
    const auto part = x.subspan(at, std::min(at_once, x.size() - at));
    quantize(part, activations, arithmetic, scales);
    multiply_groups(part, group, scales);
  }
}

}  // namespace quantrial
