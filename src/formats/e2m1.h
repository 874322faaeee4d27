// FP4 E2M1 (OCP Microscaling 1.0, table 5): 1 sign, 2 exponent, 1 mantissa bits.
#pragma once

#include <cstdint>

#include "tensor/numbers.h"

namespace quantrial {

constexpr float decode_e2m1(uint8_t code) {
  constexpr float magnitude[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  return code & 8 ? -magnitude[code & 7] : magnitude[code & 7];
}

// Round to nearest, ties to even, saturating at +-6; the sign of what rounds to zero is kept.
// .25->0, .75->1, 1.25->1, 1.75->2, 2.5->2, 3.5->4, 5->4 (formats.md A.4, executed there).
constexpr uint8_t encode_e2m1(float x) {
  const auto sign = static_cast<uint8_t>(std::bit_cast<uint32_t>(x) >> 28 & 8);
  const float m = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0x7FFFFFFFu);
  uint8_t code = 7;
  if (m <= 0.25f)
    code = 0;
  else if (m < 0.75f)
    code = 1;
  else if (m <= 1.25f)
    code = 2;
  else if (m < 1.75f)
    code = 3;
  else if (m <= 2.5f)
    code = 4;
  else if (m < 3.5f)
    code = 5;
  else if (m <= 5.0f)
    code = 6;
  return static_cast<uint8_t>(sign | code);
}

}  // namespace quantrial
