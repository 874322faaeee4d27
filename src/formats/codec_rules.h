// The arithmetic of the codecs, number by number, in a form that compilers turn into vector code.
// Used by codec.cpp, pack.cpp and round_to_nearest.cpp, so that each rule stands in one place.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "formats/activations.h"
#include "tensor/dtype.h"
#include "tensor/numbers.h"

namespace quantrial {

// What torch.finfo gives as eps: compressed-tensors puts it for a scale of zero.
inline constexpr float bfloat16_epsilon = 0x1p-7f;
inline constexpr float e4m3_epsilon = 0.125f;
inline constexpr float e4m3_max = 448;
inline constexpr float e2m1_max = 6;

// Round to nearest, ties to even, for |x| < 2^22.
constexpr float round_half_even(float x) {
  constexpr float magic = 0x1.8p23f;  // the unit of float in [2^23, 2^24) is 1
  return (x + magic) - magic;
}

// x as the result of an operation in `arithmetic`; not for NaN.
template <Arithmetic arithmetic>
constexpr float result_in(float x) {
  if constexpr (arithmetic == Arithmetic::float32) return x;
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u);
}

// Onto codes 0..15 of INT4; `zero` as GroupScale has it. compressed-tensors adds the signed zero
// point before it rounds.
template <Arithmetic arithmetic>
constexpr float int4_code(float w, float shift, float scale, float zero) {
  const float quotient = result_in<arithmetic>(w / scale) + shift;
  const float wanted = result_in<arithmetic>(quotient + (zero - 8));
  return round_half_even(std::min(std::max(wanted, -8.0f), 7.0f)) + 8;
}

// Onto codes 0..15 of E2M1, as encode_e2m1(), by counting the borders below |x|.
constexpr uint32_t e2m1_code(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const float m = std::bit_cast<float>(bits & 0x7FFFFFFFu);
  const int magnitude = (m > 0.25f ? 1 : 0) + (m >= 0.75f ? 1 : 0) + (m > 1.25f ? 1 : 0) +
                        (m >= 1.75f ? 1 : 0) + (m > 2.5f ? 1 : 0) + (m >= 3.5f ? 1 : 0) +
                        (m > 5.0f ? 1 : 0);
  return (bits >> 28 & 8) | static_cast<uint32_t>(magnitude);
}

// The E4M3 scale of a group of NVFP4 under the divisor G.
constexpr float8_e4m3 nvfp4_scale(float absmax, float divisor) {
  const float wanted = result_in<Arithmetic::bfloat16>(absmax / e2m1_max) * divisor;
  const float8_e4m3 scale = to_float8_e4m3(std::min(wanted, e4m3_max));
  return (scale.bits & 0x7F) == 0 ? to_float8_e4m3(e4m3_epsilon) : scale;
}

}  // namespace quantrial
