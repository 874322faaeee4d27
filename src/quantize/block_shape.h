// The sizes of a decoder block that memory and time of `quantize` depend on.
#pragma once

#include <map>
#include <vector>

#include "quantize/plan.h"

namespace quantrial {

// The calibration set as a recipe asks for it.
struct CalibrationShape {
  int64_t sequences = 0, sequence_length = 0;

  int64_t tokens() const { return sequences * sequence_length; }
  // Rows of `most` or fewer, in whole sequences: at least one sequence, at most all.
  int64_t rows_within(int64_t most) const;
};
CalibrationShape calibration_shape(const Recipe& recipe);  // nothing: data-free

// A tensor that Linears of a block read.
struct InputShape {
  int64_t columns = 0;           // K
  int64_t elements = 0;          // of the tuned Linears that read it
  int64_t groups = 0;            // of their scales
  bool quantized_input = false;  // at run time
};

struct BlockShape {
  BlockShape(const Plan& plan, const PlannedBlock& block);

  MixerKind kind;
  std::map<int, InputShape> inputs;        // by BlockLinear::input
  int64_t elements = 0;                    // of all its Linears: sum of N K
  int64_t largest = 0, largest_tuned = 0;  // N K of one Linear
  int64_t packed_bytes = 0;                // of the quantized Linears, as written
  int64_t largest_rounded = 0;             // N K of one quantized Linear

  int64_t tuned() const;  // elements that the algorithm chooses codes for
  int64_t tuned_groups() const;
  // Floats of the tape of T rows (tape.h), and what a backward pass adds.
  int64_t tape_floats(const ModelConfig& model, int64_t T, int64_t L) const;
  int64_t backward_floats(const ModelConfig& model, int64_t T) const;
  // Floats of quantized inputs on a tape.
  int64_t quantized_input_floats(int64_t T) const;
};

}  // namespace quantrial
