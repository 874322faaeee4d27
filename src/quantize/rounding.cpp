#include "quantize/rounding.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quantize/rounding.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::rounding::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
// At most 16 lanes, so that every group is a whole number of vectors.
using Lanes = hn::CappedTag<float, 16>;
using Vec = hn::Vec<Lanes>;
using Mask = hn::Mask<Lanes>;

int64_t LaneCount() { return static_cast<int64_t>(hn::Lanes(Lanes())); }

// The codes of a format in vectors: a number in steps of the scale becomes a level (also in steps),
// a level becomes a code.
struct Int4Levels {
  Vec zero, largest;

  explicit Int4Levels(GroupScale scale)
      : zero(hn::Set(Lanes(), scale.zero)), largest(hn::Set(Lanes(), 15 - scale.zero)) {}
  Vec level(Vec x) const { return hn::Min(hn::Max(hn::Round(x), hn::Neg(zero)), largest); }
  // Where rounding moved the number by no more than half a step.
  Mask inside(Vec x) const { return hn::Eq(hn::Round(x), level(x)); }
  Vec code(Vec level) const { return hn::Add(level, zero); }
};

struct Nvfp4Levels {
  explicit Nvfp4Levels(GroupScale) {}
  // Steps of 1/2 below 2, 1 below 4, 2 up to 6; ties to even, as encode_e2m1.
  Vec level(Vec x) const {
    const Lanes d;
    const Vec magnitude = hn::Min(hn::Abs(x), hn::Set(d, 6));
    const auto below_2 = hn::Lt(magnitude, hn::Set(d, 2));
    const auto below_4 = hn::Lt(magnitude, hn::Set(d, 4));
    const Vec step = hn::IfThenElse(below_2, hn::Set(d, 0.5f),
                                    hn::IfThenElse(below_4, hn::Set(d, 1), hn::Set(d, 2)));
    const Vec steps = hn::IfThenElse(below_2, hn::Set(d, 2),
                                     hn::IfThenElse(below_4, hn::Set(d, 1), hn::Set(d, 0.5f)));
    return hn::CopySign(hn::Mul(hn::Round(hn::Mul(magnitude, steps)), step), x);
  }
  Mask inside(Vec x) const { return hn::Le(hn::Abs(x), hn::Set(Lanes(), 6)); }
  // 0 .5 1 1.5 2 3 4 6 -> 0..7, and 8 for the sign.
  Vec code(Vec level) const {
    const Lanes d;
    const Vec m = hn::Abs(level);
    const Vec low = hn::Add(m, m);
    const Vec middle = hn::Add(m, hn::Set(d, 2));
    const Vec high = hn::MulAdd(m, hn::Set(d, 0.5f), hn::Set(d, 4));
    const Vec index = hn::IfThenElse(hn::Lt(m, hn::Set(d, 2)), low,
                                     hn::IfThenElse(hn::Lt(m, hn::Set(d, 4)), middle, high));
    const auto negative =
        hn::MaskFromVec(hn::BroadcastSignBit(hn::BitCast(hn::RebindToSigned<Lanes>(), level)));
    return hn::Add(index, hn::IfThenElseZero(hn::RebindMask(d, negative), hn::Set(d, 8)));
  }
};

template <typename Levels>
void RoundGroup(const Group& group, uint8_t* codes, float* values) {
  const Lanes d;
  const Levels levels(group.scale);
  const Vec scale = hn::Set(d, group.scale.scale), unit = hn::Set(d, group.unit);
  const int64_t lanes = LaneCount();
  for (int64_t i = 0; i < group.size; i += lanes) {
    const Vec level = levels.level(hn::Div(hn::LoadU(d, group.x + i), unit));
    if (values != nullptr) hn::StoreU(hn::Mul(level, scale), d, values + i);
    if (codes != nullptr) {
      const hn::Rebind<uint8_t, Lanes> bytes;
      hn::StoreU(hn::DemoteTo(bytes, hn::NearestInt(levels.code(level))), bytes, codes + i);
    }
  }
}

template <typename Levels>
float GroupError(const Group& group, const float* importance) {
  const Lanes d;
  const Levels levels(group.scale);
  const Vec scale = hn::Set(d, group.scale.scale);
  Vec sum = hn::Zero(d);
  const int64_t lanes = LaneCount();
  for (int64_t i = 0; i < group.size; i += lanes) {
    const Vec w = hn::LoadU(d, group.x + i);
    const Vec error = hn::Sub(hn::Mul(levels.level(hn::Div(w, scale)), scale), w);
    sum = hn::MulAdd(hn::Mul(error, error), hn::LoadU(d, importance + i), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <typename Levels>
void DescendGroup(const Group& group, const Descent& descent, int64_t first, float* steps) {
  const Lanes d;
  const Levels levels(group.scale);
  const Vec rate = hn::Set(d, descent.rate / group.scale.scale);
  const Vec longest = hn::Set(d, descent.longest), shortest = hn::Neg(longest);
  const int64_t lanes = LaneCount();
  for (int64_t i = 0; i < group.size; i += lanes) {
    const Vec x = hn::LoadU(d, steps + i);
    const Vec gradient = hn::LoadU(d, descent.gradient.data() + first + i);
    const Vec inverse = hn::LoadU(d, descent.inverse.data() + first + i);
    const Vec move = hn::Mul(hn::Mul(gradient, inverse), rate);
    const Vec bounded = hn::Max(hn::Min(move, longest), shortest);
    hn::StoreU(hn::Sub(x, hn::IfThenElseZero(levels.inside(x), bounded)), d, steps + i);
  }
}

void RoundInt4(const Group& group, uint8_t* codes, float* values) {
  RoundGroup<Int4Levels>(group, codes, values);
}
void RoundNvfp4(const Group& group, uint8_t* codes, float* values) {
  RoundGroup<Nvfp4Levels>(group, codes, values);
}
float ErrorInt4(const Group& group, const float* importance) {
  return GroupError<Int4Levels>(group, importance);
}
float ErrorNvfp4(const Group& group, const float* importance) {
  return GroupError<Nvfp4Levels>(group, importance);
}
void DescendInt4(const Group& group, const Descent& descent, int64_t first, float* steps) {
  DescendGroup<Int4Levels>(group, descent, first, steps);
}
void DescendNvfp4(const Group& group, const Descent& descent, int64_t first, float* steps) {
  DescendGroup<Nvfp4Levels>(group, descent, first, steps);
}

}  // namespace
}  // namespace quantrial::rounding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial {

namespace rounding {
HWY_EXPORT(RoundInt4);
HWY_EXPORT(RoundNvfp4);
HWY_EXPORT(ErrorInt4);
HWY_EXPORT(ErrorNvfp4);
HWY_EXPORT(DescendInt4);
HWY_EXPORT(DescendNvfp4);
}  // namespace rounding

using namespace rounding;

void round_row(const Codec& codec, const RowToRound& row, std::span<uint8_t> codes,
               std::span<float> values) {
  const int64_t size = group_size(codec);
  const bool int4 = std::holds_alternative<Int4Codec>(codec);
  for (size_t g = 0; g < row.scales.size(); ++g) {
    const int64_t first = static_cast<int64_t>(g) * size;
    const float unit = row.unit == RowToRound::Unit::steps ? 1 : row.scales[g].scale;
    const Group group{row.x.data() + first, size, row.scales[g], unit};
    uint8_t* const c = codes.empty() ? nullptr : codes.data() + first;
    float* const v = values.empty() ? nullptr : values.data() + first;
    int4 ? HWY_DYNAMIC_DISPATCH(RoundInt4)(group, c, v)
         : HWY_DYNAMIC_DISPATCH(RoundNvfp4)(group, c, v);
  }
}

float rounding_error(const Codec& codec, std::span<const float> w,
                     std::span<const float> importance, GroupScale scale) {
  const Group group{w.data(), static_cast<int64_t>(w.size()), scale, scale.scale};
  return std::holds_alternative<Int4Codec>(codec)
             ? HWY_DYNAMIC_DISPATCH(ErrorInt4)(group, importance.data())
             : HWY_DYNAMIC_DISPATCH(ErrorNvfp4)(group, importance.data());
}

void descend(const Codec& codec, const Descent& descent, std::span<const GroupScale> scales,
             std::span<float> steps) {
  const int64_t size = group_size(codec);
  const bool int4 = std::holds_alternative<Int4Codec>(codec);
  for (size_t g = 0; g < scales.size(); ++g) {
    const int64_t first = static_cast<int64_t>(g) * size;
    float* const x = steps.data() + first;
    const Group group{x, size, scales[g], 1};
    int4 ? HWY_DYNAMIC_DISPATCH(DescendInt4)(group, descent, first, x)
         : HWY_DYNAMIC_DISPATCH(DescendNvfp4)(group, descent, first, x);
  }
}

}  // namespace quantrial
#endif  // HWY_ONCE
