// How fast this machine multiplies and adds in registers alone: the bound of everything that
// computes more than it reads.
#pragma once

#include "base/thread_pool.h"

namespace quantrial {

// FLOP/s of all threads of `pool` together, the best of some rounds, since any disturbance only
// slows: of floats, and of bfloat16 factors with float sums where the processor has them (elsewhere
// the former).
double measure_float_rate(ThreadPool& pool);
double measure_bfloat16_rate(ThreadPool& pool);

}  // namespace quantrial
