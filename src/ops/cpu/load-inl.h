// Vectors of floats from memory of any type; included once for every instruction set.
#if defined(QUANTRIAL_OPS_CPU_LOAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTRIAL_OPS_CPU_LOAD_INL_H_
#undef QUANTRIAL_OPS_CPU_LOAD_INL_H_
#else
#define QUANTRIAL_OPS_CPU_LOAD_INL_H_
#endif

#include <hwy/highway.h>

#include "tensor/numbers.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::kernels::HWY_NAMESPACE {

template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> LoadFloats(D d, const float* from) {
  return hwy::HWY_NAMESPACE::LoadU(d, from);
}

template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> LoadFloats(D d, const bfloat16* from) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<uint16_t, D> d16;
  const hn::Rebind<uint32_t, D> d32;
  const auto bits = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(from));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits)));
}

// E4M3 has the layout of binary16 with three mantissa bits and bias 7 instead of 15: shifted into
// place it reads as value * 2^-8, subnormals included.
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> LoadFloats(D d, const float8_e4m3* from) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Rebind<uint8_t, D> d8;
  const hn::Rebind<uint16_t, D> d16;
  const hn::Rebind<hwy::float16_t, D> half;
  const auto code = hn::PromoteTo(d16, hn::LoadU(d8, reinterpret_cast<const uint8_t*>(from)));
  const auto magnitude = hn::And(code, hn::Set(d16, uint16_t{0x7F}));
  const auto sign = hn::ShiftLeft<8>(hn::And(code, hn::Set(d16, uint16_t{0x80})));
  const auto nan = hn::VecFromMask(d16, hn::Eq(magnitude, hn::Set(d16, uint16_t{0x7F})));
  const auto nan_bits = hn::And(nan, hn::Set(d16, uint16_t{0x7E00}));
  const auto bits = hn::Or(hn::Or(hn::ShiftLeft<7>(magnitude), sign), nan_bits);
  return hn::Mul(hn::PromoteTo(d, hn::BitCast(half, bits)), hn::Set(d, 256.0f));
}

}  // namespace quantrial::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard per instruction set
