// What results.json says of fidelity beside the stored measurement (docs/study.md).
#pragma once

#include <nlohmann/json.hpp>

namespace quantrial {

// Adds "lo" and "hi" to every {"value", "error"} of `fidelity` (docs/fidelity.md) whose error is
// known: Student's t with texts as clusters, cut where the figure itself ends.
void add_fidelity_intervals(nlohmann::ordered_json& fidelity);

// Pearson's correlation of ln(mean KL) and macro accuracy difference over the variants that have
// both: {"variants", "correlation"}. Null with fewer than three, or where one of the two is
// constant.
nlohmann::ordered_json kl_against_accuracy(const nlohmann::ordered_json& variants);

}  // namespace quantrial
