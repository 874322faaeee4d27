// The number types of checkpoints: bits in a struct of their own, with exact conversions. One
// constexpr definition serves the readers, the kernels, the quantizer and the tests.
#pragma once

#include <bit>
#include <cstdint>

namespace quantrial {

struct bfloat16 {
  uint16_t bits;
  friend constexpr bool operator==(bfloat16, bfloat16) = default;
};

struct float16 {  // IEEE 754 binary16
  uint16_t bits;
  friend constexpr bool operator==(float16, float16) = default;
};

struct float8_e4m3 {  // OCP FP8 E4M3 ("fn"): bias 7, no infinity, NaN = S.1111.111, largest 448
  uint8_t bits;
  friend constexpr bool operator==(float8_e4m3, float8_e4m3) = default;
};

struct float8_e8m0 {  // OCP MX 1.0 scale: 2^(bits - 127), NaN = 0xFF
  uint8_t bits;
  friend constexpr bool operator==(float8_e8m0, float8_e8m0) = default;
};

constexpr float to_float(float x) { return x; }

constexpr float to_float(float8_e8m0 x) {
  if (x.bits == 0xFF) return std::bit_cast<float>(0x7FC00000u);
  if (x.bits == 0) return 0x1p-127f;
  return std::bit_cast<float>(uint32_t{x.bits} << 23);
}

constexpr float to_float(bfloat16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }

constexpr float to_float(float16 x) {
  const uint32_t sign = uint32_t{x.bits & 0x8000u} << 16;
  const uint32_t exponent = (x.bits >> 10) & 0x1F;
  const uint32_t mantissa = x.bits & 0x3FF;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

constexpr float to_float(float8_e4m3 x) {
  const uint32_t sign = uint32_t{x.bits & 0x80u} << 24;
  const uint32_t exponent = (x.bits >> 3) & 0xF;
  const uint32_t mantissa = x.bits & 7;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-9
    const float magnitude = static_cast<float>(mantissa) * 0x1p-9f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 15 && mantissa == 7) return std::bit_cast<float>(sign | 0x7FC00000u);
  return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
}

// Round to nearest, ties to even; NaN stays NaN.
constexpr bfloat16 to_bfloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

// Round to nearest, ties to even; beyond 65,519.99 gives infinity, NaN stays NaN.
constexpr float16 to_float16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000)
    return {static_cast<uint16_t>(sign | 0x7E00 | (magnitude >> 13 & 0x3FF))};
  if (magnitude >= 0x477FF000) return {static_cast<uint16_t>(sign | 0x7C00)};  // 65,520
  if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;  // ulp of [0.5, 1) is 2^-24
    return {static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000))};
  }
  const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return {static_cast<uint16_t>(sign | (rounded - 0x38000000) >> 13)};
}

constexpr float round_to_bfloat16(float x) { return to_float(to_bfloat16(x)); }

// Round to nearest, ties to even, on the lattice of numbers with `mantissa_bits` after the leading
// one and smallest normal exponent `min_exponent`. Exact for finite |x| that is not near float's
// own limits; NaN and infinity pass through.
constexpr float round_to_lattice(float x, int mantissa_bits, int min_exponent) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t biased = bits >> 23 & 0xFF;
  if (biased == 0xFF) return x;
  const int exponent = static_cast<int>(biased) - 127;
  const int step_exponent = (exponent < min_exponent ? min_exponent : exponent) - mantissa_bits;
  // Adding 1.5 * 2^(step_exponent + 23) pushes everything below the step out of the mantissa.
  const float magic =
      std::bit_cast<float>(static_cast<uint32_t>(step_exponent + 23 + 127) << 23 | 0x400000u);
  const float rounded = (x + magic) - magic;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(rounded) & 0x7FFFFFFFu) |
                              (bits & 0x80000000u));  // keeps the sign of zero
}

// Round to nearest even onto E4M3; beyond +-464 (and infinity) gives NaN as PyTorch's cast does:
// callers clamp to +-448 first.
constexpr float8_e4m3 to_float8_e4m3(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint8_t>(bits >> 24 & 0x80);
  const float magnitude = std::bit_cast<float>(bits & 0x7FFFFFFFu);
  if (!(magnitude <= 464.0f)) return {static_cast<uint8_t>(sign | 0x7F)};
  const float rounded = round_to_lattice(magnitude, 3, -6);
  if (rounded < 0x1p-6f) {  // subnormal: a multiple of 2^-9
    return {static_cast<uint8_t>(sign | static_cast<uint8_t>(rounded * 0x1p9f))};
  }
  const uint32_t r = std::bit_cast<uint32_t>(rounded);
  return {static_cast<uint8_t>(sign | ((r >> 23) - 120) << 3 | (r >> 20 & 7))};
}

}  // namespace quantrial
