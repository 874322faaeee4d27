// A block some of whose Linears are codes: what an algorithm builds up and hands back.
#pragma once

#include <functional>
#include <map>
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

  // ||W' - W||^2 / ||W||^2 of each Linear that was set, against `exact`.
  std::map<int64_t, double> weight_errors() const;
  // Moves the matrices out.
  BlockResult result() &&;

 private:
  ThreadPool* pool_;
  std::vector<View<const float, 2>> exact_, views_;
  std::vector<std::optional<QuantizedLinear>> linears_;
  std::vector<std::vector<float>> values_;  // decoded, [N,K] each
};

// Every Linear that has a codec rounded to nearest as its format fits it.
RoundedBlock rounded_to_nearest(const BlockTask& task);

// What an algorithm has to beat.
class NearestErrors {
 public:
  explicit NearestErrors(const BlockTask& task);  // of rounded_to_nearest()
  // Sets error_before of the block and rounded_error of its Linears.
  void give_to(BlockResult& result) const;

 private:
  double block_ = 0;                   // as BlockResult::error_before
  std::map<int64_t, double> weights_;  // as QuantizedLinear::rounded_error, by place
};

}  // namespace quantrial
