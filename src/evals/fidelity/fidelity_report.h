// What a comparison found, for machines (docs/fidelity.md) and on one screen.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "evals/fidelity/fidelity_statistics.h"

namespace quantrial {

struct FidelityReport {
  std::string model, base;  // folders
  std::string texts;        // what was compared on
  std::string precision;
  SamplingParameters sampling{};  // of sampled_variation
  FidelityBreakdown fidelity;
  std::optional<FidelityBreakdown> noise_floor{};  // the base against itself
};

inline constexpr int fidelity_schema_version = 2;
nlohmann::ordered_json fidelity_json(const FidelityReport& report);

std::string fidelity_table(const FidelityReport& report);

}  // namespace quantrial
