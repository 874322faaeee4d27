// Vectorised decoders of the weight formats, equal bit for bit to each format's decode_row (the
// sign of a zero apart). A format that has none here runs by its decode_row, slowly. Compiled once
// per instruction set by kernels.cpp.

// Include guard per instruction set, as Highway prescribes.
#if defined(QUANTRIAL_OPS_CPU_DECODE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_OPS_CPU_DECODE_INL_H_
#undef QUANTRIAL_OPS_CPU_DECODE_INL_H_
#else
#define QUANTRIAL_OPS_CPU_DECODE_INL_H_
#endif

#include <hwy/highway.h>

#include "formats/formats.h"
#include "ops/cpu/load-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

// Columns [k, k + width) of row n, k and (but for the dense formats) width multiples of 16.
template <typename T>
void DecodeColumns(const Dense<T>& w, int64_t n, int64_t k, int64_t width, float* out) {
  const hwy::HWY_NAMESPACE::CappedTag<float, 16> d;
  const auto lanes = static_cast<int64_t>(hwy::HWY_NAMESPACE::Lanes(d));
  const T* from = w.values.data() + n * w.columns + k;
  int64_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    hwy::HWY_NAMESPACE::StoreU(LoadFloats(d, from + i), d, out + i);
  }
  for (; i < width; ++i) out[i] = to_float(from[i]);
}

void DecodeColumns(const Fp8Block& w, int64_t n, int64_t k, int64_t width, float* out) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::CappedTag<float, 16> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float8_e4m3* codes = w.codes.data() + n * w.columns;
  const float* scales = w.scales.data() + n / w.block_rows * w.scale_columns();
  const int64_t end = k + width;
  for (int64_t i = k; i < end;) {
    const float scale = scales[i / w.block_columns];
    const int64_t stop = std::min(end, (i / w.block_columns + 1) * w.block_columns);
    for (; i + lanes <= stop; i += lanes) {
      hn::StoreU(hn::Mul(LoadFloats(d, codes + i), hn::Set(d, scale)), d, out + (i - k));
    }
    for (; i < stop; ++i) out[i - k] = to_float(codes[i]) * scale;
  }
}

// Sixteen 4-bit codes, even ones in the low nibbles, to sixteen numbers out of `table`.
// HWY_SCALAR has no vectors of bytes.
#if HWY_TARGET == HWY_SCALAR
void LookUpNibbles(const uint8_t* from, const int8_t* table, int8_t* bytes) {
  for (int i = 0; i < 8; ++i) {
    bytes[2 * i] = table[from[i] & 15];
    bytes[2 * i + 1] = table[from[i] >> 4];
  }
}
#else
void LookUpNibbles(const uint8_t* from, const int8_t* table, int8_t* bytes) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Full128<uint8_t> codes;
  const hn::Full128<uint16_t> words;
  const hn::Full128<int8_t> numbers;
  const auto pairs = hn::ZeroExtendVector(codes, hn::LoadU(hn::Full64<uint8_t>(), from));
  const auto mask = hn::Set(codes, uint8_t{15});
  const auto low = hn::And(pairs, mask);
  const auto high = hn::And(hn::BitCast(codes, hn::ShiftRight<4>(hn::BitCast(words, pairs))), mask);
  const auto found =
      hn::TableLookupBytes(hn::Load(numbers, table), hn::InterleaveLower(codes, low, high));
  hn::Store(hn::BitCast(numbers, found), numbers, bytes);
}
#endif

// out[i] = (table[code i] - offset) * scale for 16 codes.
void ScaleNibbles(const uint8_t* from, const int8_t* table, float offset, float scale, float* out) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::CappedTag<float, 16> d;
  const hn::Rebind<int8_t, decltype(d)> d8;
  const hn::Rebind<int32_t, decltype(d)> d32;
  alignas(16) int8_t bytes[16];
  LookUpNibbles(from, table, bytes);
  for (size_t i = 0; i < 16; i += hn::Lanes(d)) {
    const auto number = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, bytes + i)));
    hn::StoreU(hn::Mul(hn::Sub(number, hn::Set(d, offset)), hn::Set(d, scale)), d, out + i);
  }
}

void DecodeColumns(const Int4Group& w, int64_t n, int64_t k, int64_t width, float* out) {
  alignas(16) static constexpr int8_t code[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                  8, 9, 10, 11, 12, 13, 14, 15};
  const uint8_t* codes = w.codes.data() + n * w.columns / 2;
  const int64_t end = k + width;
  std::visit(
      [&](const auto& scales) {
        for (int64_t i = k; i < end;) {
          const int64_t g = i / w.group_size;
          const float scale = to_float(scales[n * w.groups() + g]);
          const auto zero = static_cast<float>(w.zero(n, g));
          for (const int64_t stop = std::min(end, (g + 1) * w.group_size); i < stop; i += 16) {
            ScaleNibbles(codes + i / 2, code, zero, scale, out + (i - k));
          }
        }
      },
      w.scales);
}

void DecodeColumns(const Nvfp4& w, int64_t n, int64_t k, int64_t width, float* out) {
  // Twice the value of each E2M1 code: integers. Half the scale is exact.
  alignas(16) static constexpr int8_t twice[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                   0, -1, -2, -3, -4, -6, -8, -12};
  const uint8_t* codes = w.codes.data() + n * w.columns / 2;
  const float8_e4m3* scales = w.scales.data() + n * w.groups();
  for (int64_t i = k; i < k + width; i += 16) {
    const float scale = w.global.applied_to(to_float(scales[i / 16]));
    ScaleNibbles(codes + i / 2, twice, 0.0f, 0.5f * scale, out + (i - k));
  }
}

// Formats with a decoder above, which can start at any multiple of 16 columns.
template <typename F>
concept DecodesColumns = requires(const F& w, float* out) {
  DecodeColumns(w, int64_t{}, int64_t{}, int64_t{}, out);
};

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per instruction set
