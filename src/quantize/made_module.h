// Rounding to nearest of single modules of a plan, and the second-level scales that modules share.
#pragma once

#include <map>
#include <span>

#include "base/thread_pool.h"
#include "formats/formats.h"
#include "quantize/plan.h"

namespace quantrial {

// The matrix of a planned module as the base checkpoint holds it, borrowed.
Weight base_matrix(const PlannedModule& module);

// Nvfp4Codec::divisor of each scale group among `modules` (places in the plan).
using Divisors = std::map<int, float>;
Divisors shared_divisors(const Plan& plan, std::span<const size_t> modules, ThreadPool& pool);

// A matrix in its format, and how far it is from the original.
struct MadeModule {
  Weight weight;
  // ||W' - W||^2 / ||W||^2 over at most weight_error_rows rows, evenly spread.
  double weight_error = 0;
};
inline constexpr int64_t weight_error_rows = 64;
double weight_error(const Weight& original, const Weight& made);

MadeModule round_module(const Plan& plan, size_t module, const Divisors& divisors,
                        const Activations& activations, ThreadPool& pool);

}  // namespace quantrial
