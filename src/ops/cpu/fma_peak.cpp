#include "ops/cpu/fma_peak.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/fma_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;

// Enough for two units of five cycles each.
constexpr int chains = 12;

float Rounds(int64_t rounds) {
  const Lanes d;
  hn::Vec<Lanes> sum[chains];
  for (auto& s : sum) s = hn::Zero(d);
  const auto factor = hn::Set(d, 0.999f), term = hn::Set(d, 0.001f);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& s : sum) s = hn::MulAdd(s, factor, term);
  }
  float total = 0;
  for (const auto& s : sum) total += hn::GetLane(hn::SumOfLanes(d, s));
  return total;
}

int64_t Flop() { return 2 * chains * static_cast<int64_t>(hn::Lanes(Lanes())); }

}  // namespace
}  // namespace quantrial::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial {

HWY_EXPORT(Rounds);
HWY_EXPORT(Flop);

float fma_peak_rounds(int64_t rounds) { return HWY_DYNAMIC_DISPATCH(Rounds)(rounds); }
int64_t fma_peak_flop() { return HWY_DYNAMIC_DISPATCH(Flop)(); }

}  // namespace quantrial
#endif  // HWY_ONCE
