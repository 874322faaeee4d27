// The arithmetic of a prompt, from shapes alone: what prefill is compared with the multiplier's
// rate by.
#pragma once

#include "model/config.h"

namespace quantrial {

// Floating-point operations of a prompt of `tokens` rows, two a multiply-add: the matrices of all
// blocks, causal attention, the recurrence of the delta rule (S^T k, k d^T, S^T q), and the output
// matrix for the last row. What a kernel does beyond that is not useful work.
double prompt_flop(const ModelConfig& config, int64_t tokens);

}  // namespace quantrial
