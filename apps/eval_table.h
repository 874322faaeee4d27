// The summary at the end of an evaluation, from results.json alone.
#pragma once

#include <nlohmann/json.hpp>

namespace quantrial {

// A row a benchmark, and their mean. `variant`: results.json's object of one variant.
void print_eval_table(const nlohmann::ordered_json& variant);

}  // namespace quantrial
