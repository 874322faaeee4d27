// A block some of whose Linears are codes: what an algorithm builds up and hands back.
#pragma once

#include <functional>
#include <vector>

#include "quantize/algorithm.h"

namespace quantrial {

class RoundedBlock {
 public:
  // `exact`: the weights that are rounded, and those of the Linears that are not.
  RoundedBlock(ThreadPool& pool, BlockWeights exact);

  // Linear i becomes `matrix`.
  void set(int64_t i, const Codec& codec, QuantizedMatrix matrix);

  // The weights of a forward pass.
  BlockWeights weights() const { return views_; }

  // Moves the matrices out. `weight_error` is against `exact`.
  BlockResult result() &&;

 private:
  ThreadPool* pool_;
  std::vector<View<const float, 2>> exact_, views_;
  std::vector<std::optional<QuantizedLinear>> linears_;
  std::vector<std::vector<float>> values_;  // decoded, [N,K] each
};

// Every Linear that has a codec rounded to nearest as its format fits it.
RoundedBlock rounded_to_nearest(const BlockTask& task);

}  // namespace quantrial
