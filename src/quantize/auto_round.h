// AutoRound: the rounding of all Linears of a block tuned together by the gradient of the block's
// output error (Cheng et al. 2023, SignRound; algorithms.md B.1 and B.2), from the start that GPTQ
// gives and with as much of the tuning kept as helps on sequences that it does not see. What of
// this differs from the reference tool, and why: docs/decisions/0011.
#pragma once

#include "quantize/algorithm.h"
#include "quantize/gptq.h"

namespace quantrial {

struct AutoRoundParameters {
  int64_t iters = 200;  // 0: the start is the result
  int64_t batch = 8;    // sequences a step
  // Length of the first step, in units of the one that would be best if every weight were alone; it
  // falls linearly to 0. Empty: 0.06 / iters, at most 0.001.
  std::optional<double> learning_rate{};
  double held_out = 0.125;  // share of the sequences that decides where to stop
  int64_t patience = 3;     // looks without a gain before the tuning ends
  GptqParameters start{};

  static constexpr int curvature_probes = 4;  // random outputs; a pass both ways each
  static constexpr int64_t looks = 10;  // at the held-out sequences, in the course of the tuning
};

class AutoRound : public Algorithm {
 public:
  explicit AutoRound(AutoRoundParameters parameters) : parameters_(parameters) {}
  BlockResult quantize(const BlockTask& task) override;

 private:
  AutoRoundParameters parameters_;
};

}  // namespace quantrial
