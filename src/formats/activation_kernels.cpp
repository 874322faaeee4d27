#include "formats/activation_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "formats/activation_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::activations::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, nvfp4_group>;
using Bits = hn::RebindToSigned<Lanes>;
constexpr int64_t group = nvfp4_group;

// Magnitudes as integers, whose order puts NaN above infinity.
void LargestMagnitudes(const float* x, int64_t groups, float* to) {
  const Lanes d;
  const Bits bits;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto to_bits = reinterpret_cast<int32_t*>(to);
  for (int64_t g = 0; g < groups; ++g, x += group) {
    auto most = hn::Zero(bits);
    for (int64_t i = 0; i < group; i += lanes) {
      most = hn::Max(most, hn::BitCast(bits, hn::Abs(hn::LoadU(d, x + i))));
    }
    to_bits[g] = hn::GetLane(hn::MaxOfLanes(bits, most));
  }
}

// The numbers of E2M1 lie 0.5 apart below 2, 1 apart below 4 and 2 apart up to 6.
void RoundToE2m1(float* x, int64_t groups, const float* scales) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto half = hn::Set(d, 0.5f), one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f);
  const auto four = hn::Set(d, 4.0f), six = hn::Set(d, 6.0f);
  for (int64_t g = 0; g < groups; ++g, x += group) {
    const auto scale = hn::Set(d, scales[g]);
    for (int64_t i = 0; i < group; i += lanes) {
      const auto v = hn::LoadU(d, x + i);
      const auto q = hn::Div(v, scale), m = hn::Abs(q);
      const auto below_two = hn::Lt(m, two), below_four = hn::Lt(m, four);
      const auto step = hn::IfThenElse(below_two, half, hn::IfThenElse(below_four, one, two));
      const auto steps = hn::IfThenElse(below_two, two, hn::IfThenElse(below_four, one, half));
      const auto rounded = hn::Min(hn::Mul(hn::Round(hn::Mul(m, steps)), step), six);
      hn::StoreU(hn::IfThenElse(hn::IsNaN(v), v, hn::CopySign(rounded, q)), d, x + i);
    }
  }
}

}  // namespace
}  // namespace quantrial::activations::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::activations {

HWY_EXPORT(LargestMagnitudes);
HWY_EXPORT(RoundToE2m1);

void largest_magnitudes(const float* x, int64_t groups, float* to) {
  HWY_DYNAMIC_DISPATCH(LargestMagnitudes)(x, groups, to);
}
void round_to_e2m1(float* x, int64_t groups, const float* scales) {
  HWY_DYNAMIC_DISPATCH(RoundToE2m1)(x, groups, scales);
}

}  // namespace quantrial::activations
#endif  // HWY_ONCE
