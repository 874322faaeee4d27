// The most memory that `quantize` will hold at once, from the shapes of a plan: for --dry-run.
// Every term is something that the code keeps; nothing is measured. Bytes, all of it resident:
//
//   process    binary, tokenizer, stacks                            40 MB
//   states     original (and, to tune, quantized) hidden states     4 T_all H each, 0 when on disk
//   dense      one block in float                                   4 sum(N K)
//   tape       one pass of T rows through it (tape.h)               4 tape_floats(T)
//   writing    packed blocks that still wait for the disk           bytes as written
//   mapped     pages of the base model that are read at the moment  2 N K
//              (not while an algorithm runs: it has them in float)
//
// and, by stage of the algorithm, with E the elements and g the groups of the tuned Linears:
//
//   rounding   a whole block rounded, decoded                       5 E + 8 g
//   Hessians   4 K^2 of each input; twice for the one factored, while the Linears whose turn is
//              over hold 5 E (GPTQ) or 10 E (AutoRound: steps, values, two sets of codes) + 8 g
//   tuning     10 E + 8 g, gradients and quantized inputs on the tape, three sets of rows
//   search     AWQ: a copy of the weights, what every Linear reads over the search rows, the
//   readers
//              of one tensor rounded, two outputs of the parent
#pragma once

#include <string>

#include "quantize/block_shape.h"

namespace quantrial {

struct MemoryEstimate {
  int64_t bytes = 0;
  std::string stage;  // that needs them: "tuning of a full-attention block"
};

// `available_bytes` decides whether hidden states are in RAM (hidden_states.h).
MemoryEstimate estimate_memory(const Plan& plan, int64_t available_bytes);

}  // namespace quantrial
