// The summary at the end of an evaluation, from results.json alone.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "evals/benchmark_runs.h"

namespace quantrial {

// A row a benchmark, and their mean. `variant`: results.json's object of one variant.
void print_eval_table(const nlohmann::ordered_json& variant,
                      const std::vector<NotRun>& not_run = {});

}  // namespace quantrial
