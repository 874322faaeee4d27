// results.json of a folder with samples.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "evals/sample_store.h"

namespace quantrial {

// Writes folder/results.json and returns it.
nlohmann::ordered_json write_results(const SampleStore& store, const std::filesystem::path& folder);

}  // namespace quantrial
