// quantrial inspect: what a checkpoint holds, as a table or as JSON (product.md section 4).
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "base/error.h"
#include "model/inventory.h"

namespace quantrial {
namespace {

struct InspectOptions {
  std::string model;
  bool json = false;
};

nlohmann::ordered_json as_json(const Inventory& inventory) {
  auto modules = nlohmann::ordered_json::array();
  for (const ModuleEntry& module : inventory.modules) {
    modules.push_back({{"name", module.name},
                       {"class", module.class_name},
                       {"format", module.format},
                       {"shape", module.shape},
                       {"bytes", module.bytes}});
  }
  auto warnings = nlohmann::ordered_json::array();
  for (const InventoryWarning& warning : inventory.warnings) {
    warnings.push_back(
        {{"kind", warning.kind}, {"modules", warning.modules}, {"detail", warning.detail}});
  }
  return {{"architecture", inventory.architecture},
          {"parameters", inventory.parameters},
          {"bytes", inventory.bytes},
          {"bits_per_weight", inventory.bits_per_weight()},
          {"format", inventory.format},
          {"modules", modules},
          {"mtp", {{"tensors", inventory.mtp_tensors}, {"format", inventory.mtp_format}}},
          {"warnings", warnings}};
}

// One line of the table: the modules of one class in one format.
struct Row {
  int64_t modules = 0, parameters = 0, bytes = 0;

  void add(const ModuleEntry& module) {
    ++modules;
    parameters += module.parameters;
    bytes += module.bytes;
  }
  void print(std::string_view name, std::string_view format) const {
    const double bits =
        parameters == 0 ? 0 : 8 * static_cast<double>(bytes) / static_cast<double>(parameters);
    fmt::print("{:<12} {:<10} {:>8} {:>15} {:>15} {:>12.3f}\n", name, format, modules, parameters,
               bytes, bits);
  }
};

// Warnings of one kind, of which there may be one a layer: the count and the first.
void print_warnings(const Inventory& inventory) {
  std::map<std::string, std::vector<const InventoryWarning*>> by_kind;
  for (const InventoryWarning& warning : inventory.warnings) {
    by_kind[warning.kind].push_back(&warning);
  }
  for (const auto& [kind, warnings] : by_kind) {
    const InventoryWarning& first = *warnings.front();
    fmt::print("warning: {}{}: ", kind,
               warnings.size() > 1 ? fmt::format(" ({} times), first", warnings.size()) : "");
    if (!first.modules.empty()) {
      fmt::print(
          "{}{}: ", escaped(first.modules.front()),
          first.modules.size() > 1 ? fmt::format(" and {} more", first.modules.size() - 1) : "");
    }
    fmt::print("{}\n", first.detail);
  }
}

void print_table(const Inventory& inventory) {
  std::map<std::pair<std::string_view, std::string_view>, Row> rows;
  Row total;
  for (const ModuleEntry& module : inventory.modules) {
    rows[{module.class_name, module.format}].add(module);
    total.add(module);
  }
  fmt::print("architecture  {}\nformat        {}\nmtp           {} of {} tensors, {}\n\n",
             inventory.architecture, inventory.format, inventory.mtp_tensors, complete_mtp_tensors,
             inventory.mtp_format);
  fmt::print("{:<12} {:<10} {:>8} {:>15} {:>15} {:>12}\n", "class", "format", "modules",
             "parameters", "bytes", "bits/weight");
  for (const auto& [key, row] : rows) row.print(key.first, key.second);
  total.print("total", "");
  print_warnings(inventory);
}

}  // namespace

void add_inspect_command(CLI::App& app, const CommonOptions&) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand(
      "inspect", "What is in a checkpoint: formats, bits, bytes by module class, MTP, warnings");
  command->add_option("MODEL", options->model, "Folder of the checkpoint")->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer("Example:\n  quantrial inspect models/Qwen3.6-27B-NVFP4 --json");
  command->callback([options] {
    const Inventory inventory = take_inventory(options->model);
    if (options->json) {
      fmt::print("{}\n", as_json(inventory).dump(2, ' ', false,
                                                 nlohmann::ordered_json::error_handler_t::replace));
    } else {
      print_table(inventory);
    }
  });
}

}  // namespace quantrial
