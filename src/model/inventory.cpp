#include "model/inventory.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/checked.h"
#include "base/error.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "model/config.h"
#include "model/inventory_warnings.h"

namespace quantrial {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

std::vector<ModuleEntry> list_modules(const Checkpoint& checkpoint,
                                      const QuantizationConfig& config) {
  std::vector<ModuleEntry> modules;
  std::set<std::string> counted;
  for (const std::string& module : matrix_modules(checkpoint)) {
    const StoredMatrix matrix = stored_matrix(checkpoint, config, module);
    ModuleEntry& entry = modules.emplace_back();
    entry.name = module;
    entry.format = matrix.format;
    entry.quantized = matrix.quantized;
    entry.shape = {matrix.rows, matrix.columns};
    for (const std::string& tensor : tensors_of(checkpoint, module)) {
      entry.bytes += static_cast<int64_t>(checkpoint.at(tensor).bytes.size());
      counted.insert(tensor);
    }
  }
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (counted.contains(name)) continue;
    ModuleEntry& entry = modules.emplace_back();
    entry.name = name.ends_with(".weight") ? name.substr(0, name.size() - 7) : name;
    entry.format = lower(quantrial::name(tensor->dtype));
    entry.shape = tensor->shape;
    entry.bytes = static_cast<int64_t>(tensor->bytes.size());
  }
  for (ModuleEntry& entry : modules) {
    entry.class_name = module_class(entry.name);
    entry.parameters = checked_product(entry.shape);
  }
  std::sort(modules.begin(), modules.end(),
            [](const ModuleEntry& a, const ModuleEntry& b) { return a.name < b.name; });
  return modules;
}

void count_mtp(Inventory& inventory) {
  std::map<std::string, int64_t> bytes_by_format;
  for (const ModuleEntry& module : inventory.modules) {
    if (module.class_name != "mtp") continue;
    ++inventory.mtp_tensors;
    if (module.shape.size() == 2) bytes_by_format[module.format] += module.bytes;
  }
  for (const auto& [format, bytes] : bytes_by_format) {
    inventory.mtp_format += (inventory.mtp_format.empty() ? "" : ", ") + format;
  }
  if (inventory.mtp_tensors == 0) inventory.mtp_format = "absent";
}

// Of an unquantized checkpoint: the type that holds most of its bytes.
std::string main_format(const std::vector<ModuleEntry>& modules) {
  std::map<std::string, int64_t> bytes_by_format;
  for (const ModuleEntry& module : modules) bytes_by_format[module.format] += module.bytes;
  const auto most =
      std::max_element(bytes_by_format.begin(), bytes_by_format.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes_by_format.end() ? "empty" : most->first;
}

}  // namespace

Inventory take_inventory(const std::filesystem::path& dir) {
  const ModelConfig model = read_model_config(dir);
  const QuantizationConfig quantization = QuantizationConfig::read(dir);
  const Checkpoint checkpoint(dir);
  Inventory inventory;
  inventory.architecture = model.architecture;
  inventory.modules = list_modules(checkpoint, quantization);
  inventory.format = quantization.container() == Container::none ? main_format(inventory.modules)
                                                                 : quantization.name();
  for (const ModuleEntry& module : inventory.modules) {
    inventory.parameters = checked_add(inventory.parameters, module.parameters);
    inventory.bytes = checked_add(inventory.bytes, module.bytes);
  }
  count_mtp(inventory);
  inventory.warnings = find_warnings(checkpoint, quantization, model, inventory);
  return inventory;
}

}  // namespace quantrial
