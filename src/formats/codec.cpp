#include "formats/codec.h"

#include "base/error.h"
#include "formats/codec_rules.h"
#include "formats/e2m1.h"

namespace quantrial {
namespace {

// auto-round's q_scale_thresh (data_type/int.py).
constexpr float smallest_signed_scale = 1e-5f;

float rounded_to(DType dtype, float x) {
  return dtype == DType::f16 ? to_float(to_float16(x)) : round_to_bfloat16(x);
}

GroupScale fit_signed(const Int4Codec& codec, float low, float high) {
  const float magnitude = rounded_to(codec.scale_dtype, std::max(-low, high) / 8);
  const float smallest = rounded_to(codec.scale_dtype, smallest_signed_scale);
  const float scale = std::max(magnitude, smallest);
  // A tie takes the negative scale, a group of zeros the positive one.
  return {high >= -low && magnitude > 0 ? -scale : scale, 8};
}

template <Arithmetic arithmetic>
GroupScale fit_absmax(const Int4Codec& codec, float low, float high) {
  const float scale =
      rounded_to(codec.scale_dtype, result_in<arithmetic>(std::max(-low, high) / 7.5f));
  return {scale == 0 ? bfloat16_epsilon : scale, 8};
}

template <Arithmetic arithmetic>
GroupScale fit_range(const Int4Codec& codec, float low, float high) {
  const float width = result_in<arithmetic>(high - low);
  const float fitted = rounded_to(codec.scale_dtype, result_in<arithmetic>(width / 15));
  const float scale = fitted == 0 ? bfloat16_epsilon : fitted;
  const float zero = result_in<arithmetic>(-8 - result_in<arithmetic>(low / scale));
  return {scale, round_half_even(std::clamp(zero, -8.0f, 7.0f)) + 8};
}

template <Arithmetic arithmetic>
GroupScale fit_int4(const Int4Codec& codec, float low, float high) {
  return codec.fit_rule == Int4Codec::Fit::absmax ? fit_absmax<arithmetic>(codec, low, high)
                                                  : fit_range<arithmetic>(codec, low, high);
}

template <Arithmetic arithmetic>
void encode_int4(std::span<const float> w, std::span<const float> shift, GroupScale scale,
                 std::span<uint8_t> codes) {
  const size_t count = w.size();
  if (shift.empty()) {
    for (size_t i = 0; i < count; ++i) {
      codes[i] = int4_code(int4_wanted<arithmetic>(w[i], 0, scale.scale, scale.zero));
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    codes[i] = int4_code(int4_wanted<arithmetic>(w[i], shift[i], scale.scale, scale.zero));
  }
}

void check_sizes(std::span<const float> w, std::span<const float> shift, std::span<uint8_t> codes) {
  require(codes.size() == w.size() && (shift.empty() || shift.size() == w.size()),
          "Codec::encode: sizes differ");
}

}  // namespace

GroupRange range_of(std::span<const float> group) {
  GroupRange range;
  for (const float w : group) {
    range.low = std::min(range.low, w);
    range.high = std::max(range.high, w);
  }
  return range;
}

GroupScale Int4Codec::fit(GroupRange range) const {
  const float low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  if (fit_rule == Fit::signed_absmax) return fit_signed(*this, low, high);
  return arithmetic == Arithmetic::bfloat16 ? fit_int4<Arithmetic::bfloat16>(*this, low, high)
                                            : fit_int4<Arithmetic::float32>(*this, low, high);
}

void Int4Codec::encode(std::span<const float> w, std::span<const float> shift, GroupScale scale,
                       std::span<uint8_t> codes) const {
  check_sizes(w, shift, codes);
  if (arithmetic == Arithmetic::bfloat16) {
    encode_int4<Arithmetic::bfloat16>(w, shift, scale, codes);
  } else {
    encode_int4<Arithmetic::float32>(w, shift, scale, codes);
  }
}

float Nvfp4Codec::divisor_for(float absmax, Arithmetic arithmetic) {
  const float constant = e4m3_max * e2m1_max;
  const float divisor = arithmetic == Arithmetic::float32
                            ? constant / absmax
                            : round_to_bfloat16(round_to_bfloat16(1 / absmax) * constant);
  return std::isfinite(divisor) ? divisor : 1;
}

GroupScale Nvfp4Codec::fit(GroupRange range) const {
  const float absmax = std::max(-range.low, range.high);
  return {to_float(nvfp4_scale(absmax, divisor)) / divisor, 0};
}

void Nvfp4Codec::encode(std::span<const float> w, std::span<const float> shift, GroupScale scale,
                        std::span<uint8_t> codes) const {
  check_sizes(w, shift, codes);
  const size_t count = w.size();
  if (shift.empty()) {
    for (size_t i = 0; i < count; ++i) codes[i] = e2m1_code(w[i] / scale.scale);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    codes[i] = e2m1_code(w[i] / scale.scale + shift[i]);
  }
}

float Nvfp4Codec::decode(uint8_t code, GroupScale scale) { return decode_e2m1(code) * scale.scale; }

int64_t group_size(const Codec& codec) {
  return std::visit([](const auto& c) -> int64_t { return c.group_size; }, codec);
}

void decode_row(const Codec& codec, const QuantizedMatrix& matrix, int64_t n,
                std::span<float> row) {
  const uint8_t* codes = matrix.codes.data() + n * matrix.columns;
  const GroupScale* scales = matrix.scales.data() + n * (matrix.columns / matrix.group_size);
  std::visit(
      [&](const auto& c) {
        for (int64_t k = 0; k < matrix.columns; ++k) {
          row[static_cast<size_t>(k)] = c.decode(codes[k], scales[k / matrix.group_size]);
        }
      },
      codec);
}

}  // namespace quantrial
