// How long `quantize` will take: work counted from the shapes of a plan, over the rates of this
// machine. For --dry-run; right within a factor of two on a machine that does nothing else.
#pragma once

#include <string>

#include "quantize/block_shape.h"
#include "quantize/machine_rates.h"

namespace quantrial {

// What a run does. With W the elements of a block's Linears, T all tokens, and for every tuned
// Linear N, K:
//
//   a forward pass       2 T W, and attention's 2 T L heads D or the chunks of the delta rule
//   forward, backward    2 T (2 W + those elements whose input needs a gradient), mixer 3.5 fold
//   GPTQ                 T K^2 + K^3 / 3 an input; 7 N K^2 a Linear (rounding 1, two passes 6)
//   AutoRound            4 + iters of forward and backward over a batch; GPTQ
//   AWQ                  grid times the parent of each smoothed tensor over the search rows
//   calibration          5 passes over all tokens to tune, 1 to round
struct Work {
  double product_flop = 0;
  double memory_bytes = 0;  // tapes, weights and their copies
  double searched_weights = 0;
  double rounded_weights = 0;
  double written_bytes = 0;  // the new files
  double read_bytes = 0;     // the old ones, and the new ones once more by verify
};
Work work_of(const Plan& plan);

// What a disk of a rented machine takes for sure. A dry run writes nothing, so it is not measured.
inline constexpr double disk_bytes_per_second = 500e6;

double estimate_seconds(const Work& work, const MachineRates& rates);

// An estimate as people read it, no finer than it is right: "90 s", "35 min", "2.5 h".
std::string rough_time(double seconds);

}  // namespace quantrial
