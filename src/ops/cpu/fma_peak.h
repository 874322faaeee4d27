// The multiply-add rate of this machine's registers, the bound that matrix products are compared
// with.
#pragma once

#include <cstdint>

namespace quantrial {

// Independent chains of vector multiply-adds, `rounds` long; returns their sum.
float fma_peak_rounds(int64_t rounds);
// Floating-point operations of one round.
int64_t fma_peak_flop();

}  // namespace quantrial
