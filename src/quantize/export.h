// What stands beside the weights of a finished checkpoint: config.json, the index,
// quantization.json and everything that is carried over.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "quantize/plan.h"

namespace quantrial {

// config.json with quantization_config, its keys in their order; without MTP layers where the plan
// drops them. And quantization_config.json where the tool writes one.
void write_configs(const Plan& plan, const std::filesystem::path& from,
                   const std::filesystem::path& to);

// The index of the shards, which are all there.
void write_index(const Plan& plan, const std::filesystem::path& to);

// What is known of each finished file: the journal's entries.
using ShardEntries = std::map<std::string, nlohmann::ordered_json>;

// quantization.json: what the checkpoint was made from, per module the scheme and the errors. The
// seconds, of files, blocks and modules, stand apart under "seconds", since nothing else differs
// from run to run.
void write_report(const Plan& plan, const nlohmann::ordered_json& made_from,
                  const ShardEntries& entries, const std::filesystem::path& to);
inline constexpr const char* report_name = "quantization.json";

}  // namespace quantrial
