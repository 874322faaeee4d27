// The plan of a recipe as a person reads it: `quantize --dry-run`.
#pragma once

#include <string>
#include <vector>

#include "quantize/plan.h"

namespace quantrial {

// One line a module with its class, shape, what it becomes and bytes before and after; then the
// modules that stay as they are, counted by reason; then the totals.
std::string plan_table(const Plan& plan);

// Whether the recipe wants it, by PlannedModule::reason.
bool is_asked_for(const std::string& reason);

// A line for each reason why Linears of the planned blocks stay 16-bit; with some of their
// names, unless the recipe named them itself.
std::vector<std::string> kept_linears(const Plan& plan);

}  // namespace quantrial
