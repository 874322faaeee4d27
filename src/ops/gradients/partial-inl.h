// The vector at the end of a row that does not fill it, without touching what lies behind.
#if defined(QUANTRIAL_GRADIENTS_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_GRADIENTS_PARTIAL_INL_H_
#undef QUANTRIAL_GRADIENTS_PARTIAL_INL_H_
#else
#define QUANTRIAL_GRADIENTS_PARTIAL_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The first n floats of a vector, n at most its lanes; zeros behind.
HWY_INLINE hn::Vec<hn::CappedTag<float, 16>> LoadFirst(const float* from, int64_t n) {
  HWY_ALIGN float part[16] = {};
  std::copy_n(from, n, part);
  return hn::Load(hn::CappedTag<float, 16>(), part);
}

HWY_INLINE void StoreFirst(hn::Vec<hn::CappedTag<float, 16>> v, float* to, int64_t n) {
  HWY_ALIGN float part[16];
  hn::Store(v, hn::CappedTag<float, 16>(), part);
  std::copy_n(part, n, to);
}

}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
