// A tile of weights decoded once for many rows of inputs, in the order and with the interface of
// the format that it came from (bf16_blocks.h).
#pragma once

#include "ops/cpu/bf16_blocks.h"

#if HWY_ARCH_X86
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512bf16,f16c")
namespace quantrial::bf16 {

// Rows of a weight as pairs of all blocks, then the scales and zeros of their lanes.
template <bool scale_, bool zero_>
class DecodedBlocks {
 public:
  static constexpr bool has_scale = scale_, has_zero = zero_, is_decoded = true;
  static constexpr int64_t row_floats(int64_t blocks) {
    return blocks * (block_pairs + (has_scale ? lanes : 0) + (has_zero ? lanes : 0));
  }
  struct Row {
    const Pair* pairs;
    const float *scales, *zeros;
  };
  using Codes = const Pair*;

  DecodedBlocks(float* memory, int64_t rows, int64_t blocks, float factor)
      : blocks_(blocks),
        factor_(factor),
        pairs_(reinterpret_cast<Pair*>(memory)),
        scales_(memory + rows * blocks * block_pairs),
        zeros_(scales_ + (has_scale ? rows * blocks * lanes : 0)) {}

  template <typename Blocks>
  void decode(const Blocks& from, int64_t first, int64_t rows) {
    for (int64_t n = 0; n < rows; ++n) {
      const auto row = from.row(first + n);
      for (int64_t b = 0; b < blocks_; ++b) {
        const int64_t at = n * blocks_ + b;
        const auto place = from.place(b);
        const auto codes = from.codes(row, place);
        for (int v = 0; v < 4; ++v) {
          _mm512_store_si512(pairs_ + at * block_pairs + v * lanes, from.pairs(codes, v));
        }
        if constexpr (has_scale) _mm512_store_ps(scales_ + at * lanes, from.scale(row, place));
        if constexpr (has_zero) _mm512_store_ps(zeros_ + at * lanes, from.zero(row, place));
      }
    }
  }

  float factor() const { return factor_; }
  Row row(int64_t n) const {
    const int64_t at = n * blocks_;
    return {.pairs = pairs_ + at * block_pairs,
            .scales = scales_ + at * lanes,
            .zeros = zeros_ + at * lanes};
  }
  static int64_t place(int64_t b) { return b; }
  static Codes codes(const Row& row, int64_t b) { return row.pairs + b * block_pairs; }
  static __m512i pairs(const Codes& codes, int64_t v) {
    return _mm512_load_si512(codes + v * lanes);
  }
  static __m512 scale(const Row& row, int64_t b) { return _mm512_load_ps(row.scales + b * lanes); }
  static __m512 zero(const Row& row, int64_t b) { return _mm512_load_ps(row.zeros + b * lanes); }

 private:
  int64_t blocks_;
  float factor_;
  Pair* pairs_;
  float *scales_, *zeros_;
};

}  // namespace quantrial::bf16
#pragma GCC pop_options
#endif
