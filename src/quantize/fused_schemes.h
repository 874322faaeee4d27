// Linears that engines run as one module (q/k/v, gate/up, in_proj_qkv/z, in_proj_b/a) must be
// stored in one way: vLLM and SGLang refuse a mix, or load it wrongly (docs/decisions/0014).
#pragma once

#include <string>
#include <vector>

#include "quantize/plan.h"

namespace quantrial {

// Throws Error where the recipe gives Linears of one fused module different schemes, or keeps some
// of them 16-bit.
void check_fused_schemes(const Plan& plan, const PlannedBlock& block);

// A line of warning where a shape that the format cannot hold does it: the reference tools leave
// such Linears 16-bit, and transformers loads that. Empty when there is none.
std::string mixed_by_shape(const Plan& plan);

}  // namespace quantrial
