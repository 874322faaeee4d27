#include "quantize/export.h"

#include "base/mapped_file.h"
#include "formats/carry.h"
#include "formats/write_config.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

std::vector<ModuleScheme> module_schemes(const Plan& plan) {
  std::vector<ModuleScheme> modules;
  for (const PlannedModule& module : plan.modules) {
    const bool matrix =
        module.tensor->shape.size() == 2 && module.tensor->name.ends_with(".weight");
    if (matrix && !module.dropped) modules.push_back({module.name, module.scheme});
  }
  return modules;
}

// config.json says that there is no MTP layer.
std::string without_mtp(const std::string& config) {
  auto json = ordered_json::parse(config);
  for (ordered_json* holder :
       {&json, json.contains("text_config") ? &json["text_config"] : &json}) {
    if (holder->contains("mtp_num_hidden_layers")) (*holder)["mtp_num_hidden_layers"] = 0;
  }
  return json.dump(2) + "\n";
}

}  // namespace

void write_configs(const Plan& plan, const fs::path& from, const fs::path& to) {
  std::string config = read_text_file(from / "config.json");
  if (plan.recipe.mtp == MtpPolicy::drop) config = without_mtp(config);
  const ordered_json quantization =
      quantization_config(plan.recipe.container, module_schemes(plan));
  write_text(to / "config.json", with_quantization(config, quantization));
  if (has_quantization_file(plan.recipe.container)) {
    write_text(to / "quantization_config.json", quantization.dump(2) + "\n");
  }
}

void write_index(const Plan& plan, const fs::path& to) {
  ordered_json weight_map = ordered_json::object();
  int64_t total = 0;
  for (const PlannedShard& shard : plan.shards) {
    const SafetensorsFile file(to / shard.file);
    for (const StoredTensor& tensor : file.tensors()) {
      weight_map[tensor.name] = shard.file;
      total += static_cast<int64_t>(tensor.bytes.size());
    }
  }
  const ordered_json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  write_text(to / "model.safetensors.index.json", index.dump(2) + "\n");
}

void write_report(const Plan& plan, const ordered_json& made_from, const ShardEntries& entries,
                  const fs::path& to) {
  ordered_json blocks = ordered_json::array(), modules = ordered_json::array();
  ordered_json seconds = ordered_json::object(), module_seconds = ordered_json::object();
  double total = 0;
  std::map<std::string, ordered_json> figures;  // of a module
  for (const PlannedShard& shard : plan.shards) {
    const ordered_json& entry = entries.at(shard.file);
    if (entry.contains("block")) blocks.push_back(entry["block"]);
    for (const auto& [module, known] : entry.at("modules").items()) figures[module] = known;
    for (const auto& [name, value] : entry["seconds"].items()) {
      seconds[name] = value;
      total += value.get<double>();
    }
  }
  for (const PlannedModule& module : plan.modules) {
    if (!module.quantized() && module.tensor->shape.size() != 2) continue;
    ordered_json row = {{"name", module.name}, {"class", module.class_name}};
    row["scheme"] = module.scheme    ? describe(*module.scheme)
                    : module.dropped ? "dropped"
                                     : "16-bit";
    if (!module.reason.empty()) row["reason"] = module.reason;
    row["shape"] = module.tensor->shape;
    row["bytes"] = module.bytes_after;
    if (const auto known = figures.find(module.name); known != figures.end()) {
      for (const auto& [key, value] : known->second.items()) {
        (key == "seconds" ? module_seconds[module.name] : row[key]) = value;
      }
    }
    modules.push_back(std::move(row));
  }
  seconds["total"] = total;
  seconds["modules"] = module_seconds;
  const ordered_json report = {
      {"made_from", made_from},    {"parameters", plan.parameters},
      {"bytes", plan.bytes_after}, {"bits_per_weight", plan.bits_per_weight()},
      {"blocks", blocks},          {"modules", modules},
      {"seconds", seconds}};
  write_text(to / report_name, report.dump(2) + "\n");
}

}  // namespace quantrial
