#include "tensor/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace quantrial {
namespace {

uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }

// Every finite value of a format with `mantissa` bits and `bias`, straight from the definition
// (-1)^s * 2^(e - bias) * (1 + m / 2^mantissa), subnormals 2^(1 - bias) * m / 2^mantissa.
double defined(uint32_t code, int exponent_bits, int mantissa_bits, int bias) {
  const uint32_t sign = code >> (exponent_bits + mantissa_bits) & 1;
  const auto e = static_cast<int>(code >> mantissa_bits & ((1u << exponent_bits) - 1));
  const double m = code & ((1u << mantissa_bits) - 1);
  const double scale = std::ldexp(1.0, -mantissa_bits);
  const double magnitude =
      e == 0 ? std::ldexp(m * scale, 1 - bias) : std::ldexp(1 + m * scale, e - bias);
  return sign ? -magnitude : magnitude;
}

// The code with the value nearest to x, of two equally near the even one: by search over all codes
// of magnitude up to `last`.
uint32_t nearest(double x, const std::vector<double>& magnitudes) {
  const double m = std::fabs(x);
  uint32_t best = 0;
  for (uint32_t code = 1; code < magnitudes.size(); ++code) {
    const double d = std::fabs(magnitudes[code] - m);
    const double best_d = std::fabs(magnitudes[best] - m);
    if (d < best_d || (d == best_d && code % 2 == 0)) best = code;
  }
  return best;
}

TEST(Float8E4m3, AllCodesDecodeByDefinition) {
  for (uint32_t code = 0; code < 256; ++code) {
    const float value = to_float(float8_e4m3{static_cast<uint8_t>(code)});
    if ((code & 0x7F) == 0x7F) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    EXPECT_EQ(bits_of(value), bits_of(static_cast<float>(defined(code, 4, 3, 7)))) << code;
  }
}

TEST(Float8E4m3, RoundsToTheNearestCodeTiesToEven) {
  std::vector<double> magnitudes;
  for (uint32_t code = 0; code < 0x7F; ++code) magnitudes.push_back(defined(code, 4, 3, 7));
  for (size_t i = 0; i < magnitudes.size(); ++i) {
    const double low = magnitudes[i];
    const double high = i + 1 < magnitudes.size() ? magnitudes[i + 1] : 480;
    const double middle = (low + high) / 2;
    for (const double x : {low, std::nextafter(static_cast<float>(middle), 0.0f) + 0.0, middle,
                           std::nextafter(static_cast<float>(middle), 1e9f) + 0.0}) {
      if (x > 464) continue;
      const uint32_t expected = nearest(x, magnitudes);
      EXPECT_EQ(to_float8_e4m3(static_cast<float>(x)).bits, expected) << x;
      EXPECT_EQ(to_float8_e4m3(static_cast<float>(-x)).bits, expected | 0x80) << -x;
    }
  }
  EXPECT_EQ(to_float8_e4m3(464.0f).bits, 0x7E);  // a tie with the missing 480: even is 448
  EXPECT_EQ(to_float8_e4m3(std::nextafter(464.0f, 1e9f)).bits, 0x7F);
  EXPECT_EQ(to_float8_e4m3(-INFINITY).bits, 0xFF);
  EXPECT_EQ(to_float8_e4m3(NAN).bits & 0x7F, 0x7F);
  EXPECT_EQ(to_float8_e4m3(0x1p-149f).bits, 0);
}

TEST(Float16, AllCodesDecodeByDefinition) {
  for (uint32_t code = 0; code < 65536; ++code) {
    const float value = to_float(float16{static_cast<uint16_t>(code)});
    if ((code & 0x7C00) == 0x7C00) {
      EXPECT_EQ(std::isnan(value), (code & 0x3FF) != 0);
      EXPECT_EQ(std::isinf(value), (code & 0x3FF) == 0);
      continue;
    }
    EXPECT_EQ(bits_of(value), bits_of(static_cast<float>(defined(code, 5, 10, 15)))) << code;
  }
}

// Against the compiler's own half type.
TEST(Float16, RoundsAsTheHardwareDoes) {
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 6007) {  // 715,000 values
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    const auto native = static_cast<_Float16>(x);
    uint16_t expected = 0;
    std::memcpy(&expected, &native, 2);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(to_float(to_float16(x))));
    } else {
      EXPECT_EQ(to_float16(x).bits, expected) << x;
    }
  }
  for (uint32_t code = 0; code < 0x7C00; ++code) {  // every tie and its neighbours
    const double low = defined(code, 5, 10, 15), high = defined(code + 1, 5, 10, 15);
    const auto middle = static_cast<float>((low + high) / 2);
    EXPECT_EQ(to_float16(middle).bits, code % 2 == 0 ? code : code + 1);
    EXPECT_EQ(to_float16(std::nextafter(middle, 0.0f)).bits, code);
    EXPECT_EQ(to_float16(-std::nextafter(middle, 1e9f)).bits, (code + 1) | 0x8000);
  }
}

TEST(Bfloat16, RoundsTiesToEvenAndKeepsNan) {
  for (uint32_t code = 0; code < 65536; ++code) {
    const float value = to_float(bfloat16{static_cast<uint16_t>(code)});
    EXPECT_EQ(bits_of(value), code << 16);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(round_to_bfloat16(value)));
      continue;
    }
    EXPECT_EQ(to_bfloat16(value).bits, code);
    if (std::isinf(value)) continue;
    const uint32_t tie = code << 16 | 0x8000;
    EXPECT_EQ(to_bfloat16(std::bit_cast<float>(tie)).bits, code % 2 == 0 ? code : code + 1);
    EXPECT_EQ(to_bfloat16(std::bit_cast<float>(tie - 1)).bits, code);
    EXPECT_EQ(to_bfloat16(std::bit_cast<float>(tie + 1)).bits, code + 1);
  }
}

TEST(Float8E8m0, IsAPowerOfTwo) {
  for (int code = 0; code < 255; ++code) {
    EXPECT_EQ(to_float(float8_e8m0{static_cast<uint8_t>(code)}), std::ldexp(1.0f, code - 127));
  }
  EXPECT_TRUE(std::isnan(to_float(float8_e8m0{255})));
}

TEST(RoundToLattice, IsExactOverTheRangesThatFormatsUse) {
  EXPECT_EQ(round_to_lattice(0.25f, 1, 0), 0.0f);
  EXPECT_EQ(bits_of(round_to_lattice(-0.2f, 1, 0)), 0x80000000u) << "keeps the sign of zero";
  EXPECT_EQ(round_to_lattice(1.25f, 1, 0), 1.0f);
  EXPECT_EQ(round_to_lattice(1.75f, 1, 0), 2.0f);
  EXPECT_EQ(round_to_lattice(5.0f, 1, 0), 4.0f);
  EXPECT_TRUE(std::isinf(round_to_lattice(INFINITY, 1, 0)));
}

}  // namespace
}  // namespace quantrial
