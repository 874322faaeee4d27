// results.json of a folder with samples.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "evals/benchmark_runs.h"
#include "evals/sample_store.h"

namespace quantrial {

// Writes folder/results.json and returns it. `not_run`: what it says of benchmarks without samples.
nlohmann::ordered_json write_results(const SampleStore& store, const std::filesystem::path& folder,
                                     const std::vector<NotRun>& not_run);

}  // namespace quantrial
