#include "ops/cpu/bf16_inputs.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#include "base/error.h"
#include "ops/cpu/bf16_vectors.h"

namespace quantrial::bf16 {

void Inputs::plan(const InputPlan& plan) {
  plan_ = plan;
  const int64_t lane_floats = plan.T * plan.blocks() * lanes;
  const int64_t floats[3] = {plan.T * plan.blocks() * block_pairs,
                             plan.scale_group > 0 ? lane_floats : 0,
                             plan.has_sums ? lane_floats : 0};
  for (size_t i = 0; i < 3; ++i) {
    if (floats[i] <= sizes_[i]) continue;
    memory_[i] = aligned_floats(floats[i]);
    sizes_[i] = floats[i];
  }
}

InputRows Inputs::rows() const {
  return {.blocks = plan_.blocks(),
          .pairs = reinterpret_cast<const Pair*>(memory_[0].get()),
          .scales = plan_.scale_group > 0 ? memory_[1].get() : nullptr,
          .sums = plan_.has_sums ? memory_[2].get() : nullptr};
}

#if HWY_ARCH_X86
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512bf16,f16c")
namespace {

// Columns 4 i + j of a block in natural order.
void store_nibble_order(const __m512i (&natural)[4], Pair* to) {
  auto* words = reinterpret_cast<uint16_t*>(to);
  for (int v = 0; v < 4; ++v) {
    for (int j = 0; j < 4; ++j) {
      const __m128i eight = _mm512_cvtepi64_epi16(_mm512_srli_epi64(natural[v], 16U * unsigned(j)));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(words + 32 * j + 8 * v), eight);
    }
  }
}

void store_block(const __m512i (&natural)[4], Order order, Pair* to) {
  if (order == Order::nibbles) {
    store_nibble_order(natural, to);
    return;
  }
  for (int v = 0; v < 4; v += 2) {
    __m512i first = natural[v], second = natural[v + 1];
    if (order == Order::bytes) {
      first = _mm512_shuffle_i64x2(natural[v], natural[v + 1], 0x88);
      second = _mm512_shuffle_i64x2(natural[v], natural[v + 1], 0xdd);
    }
    _mm512_store_si512(to + v * lanes, first);
    _mm512_store_si512(to + (v + 1) * lanes, second);
  }
}

void load_block(const float* x, int64_t left, __m512i (&to)[4]) {
  for (int64_t v = 0; v < 4; ++v) {
    const __m512 low = _mm512_maskz_loadu_ps(first_lanes(left - 32 * v), x + 32 * v);
    const __m512 high = _mm512_maskz_loadu_ps(first_lanes(left - 32 * v - 16), x + 32 * v + 16);
    to[v] = (__m512i)_mm512_cvtne2ps_pbh(high, low);
  }
}

__m512 lane_sums(const Pair* pairs) {
  const auto ones = (__m512bh)_mm512_set1_epi16(0x3F80);
  __m512 sum = _mm512_setzero_ps();
  for (int v = 0; v < 4; ++v) {
    sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_load_si512(pairs + v * lanes), ones);
  }
  return sum;
}

}  // namespace

void Inputs::set(int64_t t, const float* x, const float* scales) {
  Pair* pairs = reinterpret_cast<Pair*>(memory_[0].get()) + t * plan_.blocks() * block_pairs;
  for (int64_t b = 0; b < plan_.blocks(); ++b) {
    __m512i natural[4];
    load_block(x + b * block, plan_.K - b * block, natural);
    store_block(natural, plan_.order, pairs + b * block_pairs);
    if (plan_.has_sums) {
      _mm512_store_ps(memory_[2].get() + lanes_at(t) + b * lanes,
                      lane_sums(pairs + b * block_pairs));
    }
    if (plan_.scale_group == 0) continue;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      // In order `nibbles` a lane adds up 8 neighbours; in the others all of a block share a scale.
      const int64_t column = std::min(b * block + lane * 8, plan_.K - 1);
      memory_[1][static_cast<size_t>(lanes_at(t) + b * lanes + lane)] =
          scales[column / plan_.scale_group];
    }
  }
}
#pragma GCC pop_options
#else
void Inputs::set(int64_t, const float*, const float*) {
  require(false, "bf16: no such instruction");
}
#endif

}  // namespace quantrial::bf16
