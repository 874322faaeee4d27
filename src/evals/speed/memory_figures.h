// "memory" of results.json (docs/study.md), from what was observed of one model.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "evals/speed/memory_observation.h"

namespace quantrial {

inline constexpr int64_t fit_batch_context = 8192;  // or the model's, where that is less

nlohmann::ordered_json memory_figures(const MemoryObservation& observation);

// The longest context of one sequence in `bytes` less what a process needs besides
// (memory_reserve_bytes): whole pages, or what the model has. Absent when not even a page fits.
std::optional<int64_t> longest_context(const MemoryShape& shape, int64_t bytes);
// The most sequences of `context_tokens` each. Absent when none fits.
std::optional<int64_t> largest_batch(const MemoryShape& shape, int64_t context_tokens,
                                     int64_t bytes);

}  // namespace quantrial
