#include "formats/rounding_kernels.h"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "formats/rounding_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "formats/codec_rules.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::rounding::HWY_NAMESPACE {
namespace {

constexpr size_t piece = 256;      // numbers that a loop works on
constexpr size_t run_length = 16;  // divides every group of INT4 and NVFP4

// The bits of floats as integers in the order of the numbers, and back: vector code needs no
// comparison of floats, and NaN and infinity lie outside the finite numbers.
int32_t OrderOf(float x) {
  const auto bits = std::bit_cast<int32_t>(x);
  return bits ^ (bits >> 31 & 0x7FFFFFFF);
}
float NumberOf(int32_t order) { return std::bit_cast<float>(order ^ (order >> 31 & 0x7FFFFFFF)); }

void Ranges(const Groups& row, GroupRange* ranges) {
  for (int64_t at = 0; at < row.count; at += row.group) {
    const float* w = row.w + at;
    const int64_t length = std::min(row.group, row.count - at);
    int32_t low = 0, high = 0;
    for (int64_t i = 0; i < length; ++i) {
      const int32_t order = OrderOf(w[i]);
      low = std::min(low, order);
      high = std::max(high, order);
    }
    *ranges++ = {NumberOf(low), NumberOf(high)};
  }
}

void PackPairs(const uint8_t* HWY_RESTRICT codes, size_t count, uint8_t* HWY_RESTRICT packed) {
  for (size_t i = 0; i < count / 2; ++i) {
    packed[i] = static_cast<uint8_t>(codes[2 * i] | codes[2 * i + 1] << 4);
  }
}

// Packed code(w, scale, zero) of each number. Groups are short: their scales are spread out first,
// so that one loop over many groups fills vectors of bytes.
template <typename Code>
void EncodePairs(const Groups& row, const GroupScale* scales, uint8_t* packed, const Code& code) {
  std::array<float, piece> scale, zero;
  std::array<uint8_t, piece> codes;
  int64_t in_group = 0;
  for (int64_t at = 0; at < row.count; at += piece) {
    const auto length = static_cast<size_t>(std::min<int64_t>(piece, row.count - at));
    for (size_t k = 0; k < length; k += run_length) {
      std::fill_n(scale.data() + k, run_length, scales->scale);
      std::fill_n(zero.data() + k, run_length, scales->zero);
      in_group += run_length;
      if (in_group == row.group) {
        ++scales;
        in_group = 0;
      }
    }
    const float* w = row.w + at;
    for (size_t i = 0; i < length; ++i) codes[i] = code(w[i], scale[i], zero[i]);
    PackPairs(codes.data(), length, packed + at / 2);
  }
}

template <Arithmetic arithmetic>
void Int4Codes(const Groups& row, const GroupScale* scales, uint8_t* packed) {
  EncodePairs(row, scales, packed, [](float w, float scale, float zero) {
    return int4_code(int4_wanted<arithmetic>(w, 0, scale, zero));
  });
}
void Int4CodesInFloat(const Groups& row, const GroupScale* scales, uint8_t* packed) {
  Int4Codes<Arithmetic::float32>(row, scales, packed);
}
void Int4CodesInBfloat16(const Groups& row, const GroupScale* scales, uint8_t* packed) {
  Int4Codes<Arithmetic::bfloat16>(row, scales, packed);
}

void E2m1Codes(const Groups& row, const GroupScale* scales, uint8_t* packed) {
  EncodePairs(row, scales, packed,
              [](float w, float scale, float) { return e2m1_code(w / scale); });
}

template <typename Operation>
void E4m3Codes(const Groups& row, const float* scales, uint8_t* codes, const Operation& operation) {
  for (int64_t at = 0; at < row.count; at += row.group) {
    const float scale = *scales++;
    const float* w = row.w + at;
    const int64_t length = std::min(row.group, row.count - at);
    for (int64_t k = 0; k < length; ++k) codes[k] = e4m3_code(operation(w[k], scale));
    codes += length;
  }
}
void E4m3Products(const Groups& row, const float* factors, uint8_t* codes) {
  E4m3Codes(row, factors, codes, [](float w, float factor) { return w * factor; });
}
void E4m3Quotients(const Groups& row, const float* divisors, uint8_t* codes) {
  E4m3Codes(row, divisors, codes,
            [](float w, float divisor) { return result_in<Arithmetic::bfloat16>(w / divisor); });
}

}  // namespace
}  // namespace quantrial::rounding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::rounding {

HWY_EXPORT(Ranges);
HWY_EXPORT(Int4CodesInFloat);
HWY_EXPORT(Int4CodesInBfloat16);
HWY_EXPORT(E2m1Codes);
HWY_EXPORT(E4m3Products);
HWY_EXPORT(E4m3Quotients);

void ranges(const Groups& row, GroupRange* ranges) { HWY_DYNAMIC_DISPATCH(Ranges)(row, ranges); }
void int4_codes(const Groups& row, const GroupScale* scales, Arithmetic arithmetic,
                uint8_t* packed) {
  if (arithmetic == Arithmetic::float32) {
    HWY_DYNAMIC_DISPATCH(Int4CodesInFloat)(row, scales, packed);
  } else {
    HWY_DYNAMIC_DISPATCH(Int4CodesInBfloat16)(row, scales, packed);
  }
}
void e2m1_codes(const Groups& row, const GroupScale* scales, uint8_t* packed) {
  HWY_DYNAMIC_DISPATCH(E2m1Codes)(row, scales, packed);
}
void e4m3_products(const Groups& row, const float* factors, uint8_t* codes) {
  HWY_DYNAMIC_DISPATCH(E4m3Products)(row, factors, codes);
}
void e4m3_quotients(const Groups& row, const float* divisors, uint8_t* codes) {
  HWY_DYNAMIC_DISPATCH(E4m3Quotients)(row, divisors, codes);
}

}  // namespace quantrial::rounding
#endif  // HWY_ONCE
