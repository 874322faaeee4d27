#include "ops/cpu/logit_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/logit_scan.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {
namespace {

int64_t NextAtLeast(std::span<const float> logits, int64_t from, float threshold) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto n = static_cast<int64_t>(logits.size());
  const float* x = logits.data();
  const auto least = hn::Set(d, threshold);
  int64_t i = from;
  for (; i + lanes <= n; i += lanes) {
    const auto first = hn::FindFirstTrue(d, hn::Ge(hn::LoadU(d, x + i), least));
    if (first >= 0) return i + first;
  }
  while (i < n && !(x[i] >= threshold)) ++i;
  return i;
}

LargestLogit Largest(std::span<const float> logits) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto n = static_cast<int64_t>(logits.size());
  const float* x = logits.data();
  const auto infinity = hn::Inf(d);
  Vector largest[4];
  for (auto& v : largest) v = hn::Neg(infinity);
  auto below = hn::Lt(hn::Zero(d), infinity);  // all true
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (int64_t j = 0; j < 4; ++j) {
      const auto v = hn::LoadU(d, x + i + j * lanes);
      largest[j] = hn::Max(largest[j], v);
      below = hn::And(below, hn::Lt(v, infinity));
    }
  }
  bool all_below = hn::AllTrue(d, below);
  const auto pairs = hn::Max(hn::Max(largest[0], largest[1]), hn::Max(largest[2], largest[3]));
  float most = hn::GetLane(hn::MaxOfLanes(d, pairs));
  for (; i < n; ++i) {
    all_below &= x[i] < std::numeric_limits<float>::infinity();
    most = std::max(most, x[i]);
  }
  if (!all_below || n == 0) return {.logit = most, .id = 0, .all_below_infinity = all_below};
  const int64_t id = NextAtLeast(logits, 0, most);
  return {.logit = x[id], .id = id, .all_below_infinity = true};
}

// Noise u = (bits + 0.5) / 2^52 of 16 ids against limits: whether some 1 - u is at most limit[i],
// in 2^-52.
class NoiseBlock {
  using Words = hn::CappedTag<uint64_t, 8>;
  using Doubles = hn::RebindToFloat<Words>;

 public:
  explicit NoiseBlock(uint64_t key) : key_(key) {
    for (size_t i = 0; i < 8; ++i) steps_[i] = (i + 1) * golden;
  }

  bool any_below(int64_t first_id, const float* limits) const {
    const Words d;
    const Doubles dd;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    const auto two_52 = hn::Set(dd, 0x1p52);
    auto found = hn::Lt(two_52, hn::Zero(dd));  // all false
    for (int64_t i = 0; i < noisy_block; i += lanes) {
      const uint64_t start = key_ + static_cast<uint64_t>(first_id + i) * golden;
      auto z = hn::Add(hn::Set(d, start), hn::Load(d, steps_));
      z = hn::Mul(hn::Xor(z, hn::ShiftRight<30>(z)), hn::Set(d, uint64_t{0xBF58476D1CE4E5B9}));
      z = hn::Mul(hn::Xor(z, hn::ShiftRight<27>(z)), hn::Set(d, uint64_t{0x94D049BB133111EB}));
      const auto bits = hn::ShiftRight<12>(hn::Xor(z, hn::ShiftRight<31>(z)));
      // 2^52 - 1 - bits as the mantissa of a number in [2^52, 2^53).
      const auto rest = hn::Xor(bits, hn::Set(d, (uint64_t{1} << 52) - 1));
      const auto shifted = hn::BitCast(dd, hn::Or(rest, hn::BitCast(d, two_52)));
      const hn::Rebind<float, Doubles> half;
      const auto limit = hn::PromoteTo(dd, hn::LoadU(half, limits + i));
      found = hn::Or(found, hn::Le(hn::Sub(shifted, two_52), hn::Mul(limit, two_52)));
    }
    return !hn::AllFalse(dd, found);
  }

 private:
  static constexpr uint64_t golden = 0x9E3779B97F4A7C15;
  uint64_t key_;
  HWY_ALIGN uint64_t steps_[8];
};

// score + noise > best needs -log u < exp(score - best), and 1 - u < -log u. The margin stands for
// the rounding of scores of about `best` to float.
int64_t NextNoisy(std::span<const float> logits, int64_t from, const NoisyScan& scan) {
  const Lanes d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto n = static_cast<int64_t>(logits.size());
  const double rounding = std::isfinite(scan.best) ? std::abs(scan.best) * 0x1p-20 : 0;
  const auto margin = hn::Set(d, static_cast<float>(1.01 * std::exp(std::min(rounding, 80.0))));
  const auto inverse = hn::Set(d, static_cast<float>(1 / scan.temperature));
  const auto best = hn::Set(d, static_cast<float>(scan.best));
  const NoiseBlock noise(scan.key);
  HWY_ALIGN float limits[noisy_block];
  for (int64_t i = from; i < n; i += noisy_block) {
    if (i + noisy_block > n) return i;
    for (int64_t j = 0; j < noisy_block; j += lanes) {
      const auto score = hn::Mul(hn::LoadU(d, logits.data() + i + j), inverse);
      hn::Store(hn::Mul(Exp(hn::Sub(score, best)), margin), d, limits + j);
    }
    if (noise.any_below(i, limits)) return i;
  }
  return n;
}

}  // namespace
}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::kernels {

HWY_EXPORT(NextAtLeast);
HWY_EXPORT(Largest);
HWY_EXPORT(NextNoisy);

LargestLogit largest_logit(std::span<const float> logits) {
  return HWY_DYNAMIC_DISPATCH(Largest)(logits);
}
int64_t next_at_least(std::span<const float> logits, int64_t from, float threshold) {
  return HWY_DYNAMIC_DISPATCH(NextAtLeast)(logits, from, threshold);
}
int64_t next_noisy(std::span<const float> logits, int64_t from, const NoisyScan& scan) {
  return HWY_DYNAMIC_DISPATCH(NextNoisy)(logits, from, scan);
}

}  // namespace quantrial::kernels
#endif  // HWY_ONCE
