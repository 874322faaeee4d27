// Runs of a block over its calibration set that the algorithms share.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "ops/workers.h"
#include "quantize/algorithm.h"
#include "quantize/input_moments.h"

namespace quantrial {

// Sequences in a row: x[count * L, H].
std::vector<float> read_sequences(const HiddenStates& states, std::span<const int64_t> sequences);
// Into memory that is used again.
void read_sequences(const HiddenStates& states, std::span<const int64_t> sequences,
                    std::vector<float>& x);

// Sequences that a forward pass takes at once: about rows_a_pass rows.
inline constexpr int64_t rows_a_pass = 4096;
int64_t sequences_a_pass(const HiddenStates& states);

// What the inputs of the block's Linears are quantized to, in the order of linears().
std::vector<Activations> activations_of(const BlockTask& task);

// ||y' - y||^2 / ||y - x||^2 over `sequences`; y' of a forward pass with `weights`.
double block_error(const BlockTask& task, BlockWeights weights, std::span<const int64_t> sequences);
// Over all of them.
double block_error(const BlockTask& task, BlockWeights weights);

// The moments of every tensor that a quantized Linear of the block reads, by BlockLinear::input,
// in the unquantized block over `sequences`.
std::map<int, InputMoments> input_moments(const BlockTask& task, std::span<const int64_t> sequences,
                                          Workers& workers);

// 0, 1, ... n - 1.
std::vector<int64_t> all_sequences(const HiddenStates& states);

}  // namespace quantrial
