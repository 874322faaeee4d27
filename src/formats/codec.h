// How numbers become the codes of a format and back, group by group: all that the algorithms of
// quantize/ know of a format. Packing codes into bytes is formats/pack.h; a whole matrix rounded to
// nearest at once is formats/round_to_nearest.h.
//
// A group is `group_size` consecutive columns of one row under one scale. Bit-exact rules of the
// tools: formats.md A.1, A.3, A.4 and oracles/README.md 4.2.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "formats/activations.h"
#include "tensor/dtype.h"

namespace quantrial {

// What the codes of a group mean, already rounded as the file will hold it:
// INT4: value = (code - zero) * scale; NVFP4: value = e2m1(code) * scale, zero = 0.
struct GroupScale {
  float scale = 1;
  float zero = 0;

  friend bool operator==(const GroupScale&, const GroupScale&) = default;
};

// The smallest and largest of a group's weights and 0; algorithms may shrink it before fit().
struct GroupRange {
  float low = 0, high = 0;
};
GroupRange range_of(std::span<const float> group);

struct Int4Codec {
  enum class Fit : uint8_t {
    signed_absmax,  // auto-round: the value of largest magnitude is code 0 (-8); scale = it / -8
    absmax,         // compressed-tensors symmetric: scale = absmax / 7.5
    range,          // asymmetric: [min(low, 0), max(high, 0)] onto codes 0..15
  };
  Fit fit_rule = Fit::signed_absmax;
  int64_t group_size = 128;
  DType scale_dtype = DType::f16;  // f16 or bf16
  // The type in which compressed-tensors divides; bfloat16 gives its round-to-nearest bits.
  Arithmetic arithmetic = Arithmetic::float32;

  static constexpr int levels = 16;
  // The scale is never 0; it is infinite when the range is too wide for scale_dtype.
  GroupScale fit(GroupRange range) const;
  // The code of the nearest number that the group can hold: codes[i] of w[i] + shift[i] * scale.
  // `shift`, in steps of the scale, may be empty (AutoRound's V). Any number of weights under one
  // scale, not only a whole group; w must be finite.
  void encode(std::span<const float> w, std::span<const float> shift, GroupScale scale,
              std::span<uint8_t> codes) const;
  static float decode(uint8_t code, GroupScale scale) {
    return (static_cast<float>(code) - scale.zero) * scale.scale;
  }
};

struct Nvfp4Codec {
  static constexpr int64_t group_size = 16;
  float divisor = 1;  // weight_global_scale G, see divisor_for()

  static constexpr int levels = 16;
  // G = 448 * 6 / absmax of all the Linears that share it; 1 when they are all zeros or next to
  // it, so that G would be infinite (compressed-tensors, generate_gparam).
  // In bfloat16 as llm-compressor computes it, the constant times the reciprocal, or in float.
  static float divisor_for(float absmax, Arithmetic arithmetic = Arithmetic::float32);
  // E4M3 of bf16(absmax / 6) * G, at most 448 (0.125 for 0), over G.
  GroupScale fit(GroupRange range) const;
  void encode(std::span<const float> w, std::span<const float> shift, GroupScale scale,
              std::span<uint8_t> codes) const;
  static float decode(uint8_t code, GroupScale scale);
};

using Codec = std::variant<Int4Codec, Nvfp4Codec>;
int64_t group_size(const Codec& codec);

// Codes of a matrix, one a byte, and the scale of each group.
struct QuantizedMatrix {
  int64_t rows = 0, columns = 0, group_size = 0;  // N, K, G
  std::vector<uint8_t> codes{};                   // [N, K]
  std::vector<GroupScale> scales{};               // [N, K/G]
};

// Row n as floats: row[K].
void decode_row(const Codec& codec, const QuantizedMatrix& matrix, int64_t n, std::span<float> row);

}  // namespace quantrial
