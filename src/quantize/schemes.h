// From what a recipe wants to what formats/ does: which rules of rounding a container's reference
// tool goes by.
#pragma once

#include <string>

#include "formats/round_to_nearest.h"
#include "quantize/recipe.h"

namespace quantrial {

// Rounding to nearest with the bits of the tool that writes this container (oracles/README.md 4.2).
// `divisor`: the second-level scale of NVFP4.
RoundingCodec rounding_codec(const Scheme& scheme, OutputContainer container, float divisor);

// For algorithms that choose codes themselves; not for FP8.
Codec algorithm_codec(const Scheme& scheme, OutputContainer container, float divisor);

// The second-level scale of NVFP4 with the bits of the tool that a recipe stands for:
// llm-compressor for round to nearest, which computes it in bfloat16, and auto-round in float.
float nvfp4_divisor(const Recipe& recipe, float absmax);

// What the input is quantized to at run time; `absmax` over the calibration set, for NVFP4.
Activations run_time_activations(const Recipe& recipe, const Scheme& scheme, float absmax);

// Why the format cannot hold w[N,K] where the reference tools leave it 16-bit; empty: it can.
// transformers' fp8 takes whole blocks; auto-round's integer schemes take multiples of 32
// (formats.md A.1, A.2).
std::string shape_reason(const Scheme& scheme, int64_t N, int64_t K);

}  // namespace quantrial
