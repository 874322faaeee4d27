// The plan of a recipe as a person reads it: `quantize --dry-run`.
#pragma once

#include <string>

#include "quantize/plan.h"

namespace quantrial {

// One line a module with its class, shape, what it becomes and bytes before and after; then the
// modules that stay as they are, counted by reason; then the totals.
std::string plan_table(const Plan& plan);

}  // namespace quantrial
