// What the files with AVX512_BF16 intrinsics share. Highway 1.0.3 does not know the instruction.
#pragma once

#include <hwy/detect_compiler_arch.h>

#if HWY_ARCH_X86
// g++ 12 takes its own undefined vectors for ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

namespace quantrial::bf16 {

// The first n, which may be below 0 or beyond all, of 16 lanes, 32 words, 64 bytes.
inline __mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1U << std::clamp<int64_t>(n, 0, 16)) - 1U);
}
inline __mmask32 first_words(int64_t n) {
  return static_cast<__mmask32>((uint64_t{1} << std::clamp<int64_t>(n, 0, 32)) - 1U);
}
inline __mmask64 first_bytes(int64_t n) {
  return n >= 64 ? ~__mmask64{0} : (__mmask64{1} << std::max<int64_t>(n, 0)) - 1U;
}

}  // namespace quantrial::bf16
#endif
