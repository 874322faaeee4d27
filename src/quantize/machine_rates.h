// How fast this machine does what `quantize` spends its time on, measured in a quarter of a second.
#pragma once

#include "base/thread_pool.h"
#include "quantize/recipe.h"

namespace quantrial {

// All threads together, per second.
struct MachineRates {
  double product_flop = 0;      // of float matrix products
  double memory_bytes = 0;      // read and written by plain loops
  double searched_weights = 0;  // search_scales() in the recipe's format
  double rounded_weights = 0;   // round_with_feedback() and coordinate descent, but for products
};

MachineRates measure_rates(const Recipe& recipe, ThreadPool& pool);

}  // namespace quantrial
