// AWQ (Lin et al. 2023; algorithms.md B.3): channels that carry much are scaled up before rounding
// and down again where they come from, by the factors that hurt the parent module least.
#pragma once

#include "quantize/algorithm.h"
#include "quantize/gptq.h"

namespace quantrial {

struct AwqParameters {
  int64_t grid = 20;  // points tried, the first of them no smoothing at all
  GptqParameters::Scales scales = GptqParameters::Scales::searched;
  int64_t search_rows = 16384;  // of the calibration set that the search looks at, at most
};

// The block's norms are left as `changed` says, so that the block still computes the same function
// with the smoothed weights.
class Awq : public Algorithm {
 public:
  explicit Awq(AwqParameters parameters) : parameters_(parameters) {}
  BlockResult quantize(const BlockTask& task) override;

 private:
  AwqParameters parameters_;
};

}  // namespace quantrial
