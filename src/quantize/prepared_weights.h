// The weights of a block laid out for the products of many passes, each on one thread.
#pragma once

#include "ops/workers.h"
#include "quantize/dense_block.h"

namespace quantrial {

class PreparedWeights {
 public:
  void prepare(BlockWeights weights, Factors factors, ThreadPool& pool);

  // Of Linear i: w[N,K]^T for y = x w^T, and w for dx = dy w.
  const RightFactor& forward(size_t i) const { return forward_[i]; }
  const RightFactor& backward(size_t i) const { return backward_[i]; }

 private:
  std::vector<RightFactor> forward_, backward_;
  std::vector<AlignedFloats> memory_;  // of both, one after the other
};

}  // namespace quantrial
