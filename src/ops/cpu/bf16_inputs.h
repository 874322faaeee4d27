// Inputs of a Linear as bf16_linear multiplies them: pairs of bfloat16 in the order in which a
// weight's decoder leaves its columns, and what belongs to the lanes of a block's sums.
#pragma once

#include <vector>

#include "ops/cpu/pack_bf16.h"
#include "ops/workers.h"

namespace quantrial::bf16 {

// Columns that are multiplied and added up before their sums meet a scale.
inline constexpr int64_t block = 128;
inline constexpr int64_t block_pairs = block / 2;

// Which column stands where in a block. `nibbles`: number i of vector j is column 4 i + j, as the
// nibbles of 16-bit words lie. `bytes`: eights of each half, the even ones first, as interleaving
// bytes within 128 bits leaves them.
enum class Order : uint8_t { natural, nibbles, bytes };

// What the rows of a step are prepared for.
struct InputPlan {
  int64_t T = 0, K = 0;
  Order order = Order::natural;
  int64_t scale_group = 0;  // channels under one scale; 0: inputs are not quantized
  bool has_sums = false;    // for weights with zero points

  int64_t blocks() const { return (K + block - 1) / block; }
};

// Prepared rows; lanes as those of a vector of 16 sums over pairs.
struct InputRows {
  int64_t blocks = 0;
  const Pair* pairs = nullptr;    // [T, blocks, 64], zeros beyond column K
  const float* scales = nullptr;  // [T, blocks, 16], of the columns that each lane adds up
  const float* sums = nullptr;    // [T, blocks, 16], of each lane's inputs
};

class Inputs {
 public:
  void plan(const InputPlan& plan);
  // Row t from x[K]: numbers that are rounded to bfloat16, or the codes' numbers and `scales`
  // [K / scale_group].
  void set(int64_t t, const float* x, const float* scales);
  InputRows rows() const;

 private:
  int64_t lanes_at(int64_t t) const { return t * plan_.blocks() * lanes; }

  InputPlan plan_;
  std::vector<AlignedFloats> memory_{3};
  std::vector<int64_t> sizes_{0, 0, 0};
};

}  // namespace quantrial::bf16
