#include "formats/pack.h"

#include <algorithm>

#include "base/error.h"
#include "formats/codec_rules.h"
#include "formats/int4_layout.h"

namespace quantrial {
namespace {

// codes[N, K] to [N, K/2] in the same memory, even column in the low nibble.
std::vector<uint8_t> pack_nibbles(std::vector<uint8_t> codes) {
  const size_t bytes = codes.size() / 2;
  for (size_t i = 0; i < bytes; ++i) {
    codes[i] = static_cast<uint8_t>(codes[2 * i] | codes[2 * i + 1] << 4);
  }
  codes.resize(bytes);
  codes.shrink_to_fit();
  return codes;
}

template <typename T, typename Convert>
Array<T> converted(const std::vector<GroupScale>& scales, const Convert& convert) {
  std::vector<T> result(scales.size());
  std::transform(scales.begin(), scales.end(), result.begin(),
                 [&](const GroupScale& s) { return convert(s.scale); });
  return Array<T>(std::move(result));
}

Scales pack_scales(const Int4Codec& codec, const std::vector<GroupScale>& scales) {
  if (codec.scale_dtype == DType::f16) return converted<float16>(scales, to_float16);
  require(codec.scale_dtype == DType::bf16, "pack: INT4 scales are f16 or bf16");
  return converted<bfloat16>(scales, to_bfloat16);
}

Array<uint8_t> pack_zeros(const QuantizedMatrix& matrix) {
  const int64_t groups = matrix.columns / matrix.group_size, stride = (groups + 1) / 2;
  std::vector<uint8_t> zeros(static_cast<size_t>(matrix.rows * stride));
  for (int64_t n = 0; n < matrix.rows; ++n) {
    for (int64_t g = 0; g < groups; ++g) {
      const float zero = matrix.scales[static_cast<size_t>(n * groups + g)].zero;
      set_nibble(zeros, n * stride, g, static_cast<uint8_t>(zero));
    }
  }
  return Array<uint8_t>(std::move(zeros));
}

Weight pack_as(const Int4Codec& codec, QuantizedMatrix&& matrix, const Activations&) {
  Int4Group weight;
  weight.rows = matrix.rows;
  weight.columns = matrix.columns;
  weight.group_size = matrix.group_size;
  weight.scales = pack_scales(codec, matrix.scales);
  if (codec.fit_rule == Int4Codec::Fit::range) weight.zeros = pack_zeros(matrix);
  weight.codes = Array<uint8_t>(pack_nibbles(std::move(matrix.codes)));
  return weight;
}

Weight pack_as(const Nvfp4Codec& codec, QuantizedMatrix&& matrix, const Activations& activations) {
  Nvfp4 weight;
  weight.rows = matrix.rows;
  weight.columns = matrix.columns;
  weight.global = {codec.divisor, GlobalScale::Kind::divisor};
  weight.activations = activations;
  // The quotient s / G is a float nearest to it: times G it rounds back to the same E4M3.
  weight.scales = converted<float8_e4m3>(matrix.scales, [&](float scale) {
    return to_float8_e4m3(std::min(scale * codec.divisor, e4m3_max));
  });
  weight.codes = Array<uint8_t>(pack_nibbles(std::move(matrix.codes)));
  return weight;
}

}  // namespace

Weight pack(const Codec& codec, QuantizedMatrix&& matrix, const Activations& activations) {
  const auto codes = static_cast<int64_t>(matrix.codes.size());
  const auto scales = static_cast<int64_t>(matrix.scales.size());
  require(matrix.group_size > 0 && matrix.group_size % 16 == 0 &&
              matrix.columns % matrix.group_size == 0 && codes == matrix.rows * matrix.columns &&
              scales == codes / matrix.group_size,
          "pack: codes or scales do not fit the shape");
  return std::visit([&](const auto& c) { return pack_as(c, std::move(matrix), activations); },
                    codec);
}

}  // namespace quantrial
