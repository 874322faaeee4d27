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

// w in steps of the scale, moved by the signed zero point before it is rounded, as
// compressed-tensors does; `zero` as GroupScale has it.
template <Arithmetic arithmetic>
constexpr float int4_wanted(float w, float shift, float scale, float zero) {
  const float quotient = result_in<arithmetic>(w / scale) + shift;
  return result_in<arithmetic>(quotient + (zero - 8));
}
// Onto codes 0..15.
inline uint8_t int4_code(float wanted) {
  const float code = round_half_even(std::min(std::max(-8.0f, wanted), 7.0f));
  return static_cast<uint8_t>(static_cast<int>(code) + 8);
}

// The code, less its sign, of the number that `magnitude` is nearest to on a small float type with
// `mantissa_bits` and smallest normal exponent `min_exponent`, ties to even. What is above the
// type's largest number must have been cut before.
template <int mantissa_bits, int min_exponent>
constexpr uint32_t minifloat_magnitude(float magnitude) {
  constexpr int dropped = 23 - mantissa_bits;
  const uint32_t bits = std::bit_cast<uint32_t>(magnitude);
  const uint32_t rounded = bits + (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
  const uint32_t normal = (rounded >> dropped) - ((126u + min_exponent) << mantissa_bits);
  // The unit of float in [magic, 2 * magic) is the step of the type's subnormal numbers.
  constexpr uint32_t magic = static_cast<uint32_t>(127 + min_exponent - mantissa_bits + 23) << 23;
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(magnitude + std::bit_cast<float>(magic)) - magic;
  constexpr uint32_t border = static_cast<uint32_t>(127 + min_exponent) << 23;
  return bits < border ? subnormal : normal;
}

// Code of x, cut to the largest number of the type; the sign of what rounds to zero is kept.
inline uint8_t e2m1_code(float x) {
  return static_cast<uint8_t>((std::bit_cast<uint32_t>(x) >> 28 & 0x8) |
                              minifloat_magnitude<1, 0>(std::min(std::fabs(x), e2m1_max)));
}
inline uint8_t e4m3_code(float x) {
  return static_cast<uint8_t>((std::bit_cast<uint32_t>(x) >> 24 & 0x80) |
                              minifloat_magnitude<3, -6>(std::min(std::fabs(x), e4m3_max)));
}

// The number of E4M3 that x is nearest to, ties to even, cut to the largest; NaN stays.
inline float e4m3_number(float x) {
  const float magnitude = std::min(std::fabs(x), e4m3_max);
  const uint32_t bits = std::bit_cast<uint32_t>(magnitude);
  const float normal = std::bit_cast<float>((bits + 0x7FFFF + (bits >> 20 & 1)) & 0xFFF00000u);
  constexpr float magic = 0x1p14f;  // the unit of float in [2^14, 2^15) is 2^-9
  const float subnormal = (magnitude + magic) - magic;
  const float number = std::copysign(magnitude < 0x1p-6f ? subnormal : normal, x);
  return x == x ? number : x;
}

// The E4M3 scale of a group of NVFP4 under the divisor G.
inline float8_e4m3 nvfp4_scale(float absmax, float divisor) {
  const float wanted = result_in<Arithmetic::bfloat16>(absmax / e2m1_max) * divisor;
  const uint8_t code = e4m3_code(wanted);
  return {(code & 0x7F) == 0 ? e4m3_code(e4m3_epsilon) : code};  // absmax may be -0
}

}  // namespace quantrial
