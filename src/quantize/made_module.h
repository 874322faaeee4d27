// Rounding to nearest of single modules of a plan, and the second-level scales that modules share.
#pragma once

#include <map>
#include <optional>
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

// What is known of a quantized module beside its numbers.
struct ModuleFigures {
  double weight_error = 0;  // ||W' - W||^2 / ||W||^2
  // The same of round to nearest in the same format, where an algorithm chose other numbers.
  std::optional<double> rounded_error{};
  // Of the base model's groups (what has a scale of its own) those that are all zeros.
  int64_t zero_groups = 0, groups = 0;
  double seconds = 0;  // of Linears tuned together: a share of their time, by weights
};

// The module's groups under its scheme, counted into `figures`.
void count_zero_groups(const PlannedModule& module, ModuleFigures& figures, ThreadPool& pool);

// A matrix in its format; its error over at most weight_error_rows rows, evenly spread.
struct MadeModule {
  Weight weight;
  ModuleFigures figures{};
};
inline constexpr int64_t weight_error_rows = 64;
double weight_error(const Weight& original, const Weight& made);

MadeModule round_module(const Plan& plan, size_t module, const Divisors& divisors,
                        const Activations& activations, ThreadPool& pool);

}  // namespace quantrial
