// Rounding of rows of a weight to the codes of a format, vectorised: the loops that every algorithm
// of quantize/ spends its own time in. They agree with Codec::decode; a row is cut into groups of
// group_size(codec) columns, each under one scale.
#pragma once

#include <cstdint>
#include <span>

#include "formats/codec.h"

namespace quantrial {

// Numbers to round, x[K].
struct RowToRound {
  std::span<const float> x;
  enum class Unit : uint8_t {
    weights,
    steps,  // already divided by the scale of their group
  };
  Unit unit = Unit::weights;
  std::span<const GroupScale> scales;  // [K/G]
};

// codes[K] nearest to the row, values[K] what they decode to. Either may be empty.
void round_row(const Codec& codec, const RowToRound& row, std::span<uint8_t> codes,
               std::span<float> values);

// sum_k importance[k] (value[k] - w[k])^2 of one group rounded under `scale`.
float rounding_error(const Codec& codec, std::span<const float> w,
                     std::span<const float> importance, GroupScale scale);

// One step of descent on what a row is rounded from. The gradient of the loss by the rounded weight
// passes the rounding unchanged (straight-through), and not at all where a code saturates.
struct Descent {
  std::span<const float> gradient;  // [K] dL/dvalue
  std::span<const float> inverse;   // [K] with `rate`: over the second derivative by each value
  float rate = 0;
  float longest = 0.5f;  // no number moves further, in steps
};
void descend(const Codec& codec, const Descent& descent, std::span<const GroupScale> scales,
             std::span<float> steps);

namespace rounding {
// What the vectorised loops see of a group.
struct Group {
  const float* x;  // [size]
  int64_t size;
  GroupScale scale;
  float unit;  // x is in units of scale / unit
};
}  // namespace rounding

}  // namespace quantrial
