#include "model/inventory_warnings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "formats/zero_codes.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

using Warnings = std::vector<InventoryWarning>;

struct Divisors {
  std::vector<std::string> modules;
  std::vector<double> values;
  std::vector<double> that_matter;  // of matrices that are not all zeros
  double ratio() const {
    if (that_matter.empty()) return 1;
    return *std::max_element(values.begin(), values.end()) /
           *std::min_element(that_matter.begin(), that_matter.end());
  }
};

// vLLM and SGLang load the largest divisor of a fused module for all of its members, which makes
// the others too small by their ratio to it (formats.md E.1).
void warn_unequal(const Divisors& group, const char* what, Warnings& warnings) {
  if (!(group.ratio() > 1)) return;
  warnings.push_back(
      {"unequal_global_scales", group.modules,
       fmt::format("{} global scales (as divisors) {}: largest / smallest = {:.4g}; engines that "
                   "fuse these modules apply the largest to all; repair the checkpoint or keep "
                   "them unfused",
                   what, fmt::join(group.values, ", "), group.ratio())});
}

void check_global_scales(const Checkpoint& checkpoint, const Inventory& inventory,
                         Warnings& warnings) {
  for (const ModuleEntry& first : inventory.modules) {
    for (const FusedGroup& group : fused_groups) {
      if (first.format != "nvfp4" || last_component(first.name) != group.members[0]) continue;
      Divisors weights, inputs;
      for (const std::string_view member : group.members) {
        const std::string module =
            first.name.substr(0, first.name.size() - group.members[0].size()).append(member);
        const GlobalDivisors found = global_divisors(checkpoint, module);
        const bool is_zero = found.weight && has_only_zeros(checkpoint, module);
        const auto add = [&](Divisors& divisors, std::optional<double> value) {
          if (!value) return;
          divisors.modules.push_back(module);
          divisors.values.push_back(*value);
          if (!is_zero) divisors.that_matter.push_back(*value);
        };
        add(weights, found.weight);
        add(inputs, found.input);
      }
      warn_unequal(weights, "weight", warnings);
      warn_unequal(inputs, "input", warnings);
    }
  }
}

void check_mtp(const ModelConfig& model, const Inventory& inventory, Warnings& warnings) {
  const int64_t count = inventory.mtp_tensors;
  if (model.mtp_num_hidden_layers > 0 && count < complete_mtp_tensors) {
    warnings.push_back({"mtp_missing",
                        {},
                        fmt::format("config.json promises {} MTP layer, but {} of {} mtp.* tensors "
                                    "are there; speculative decoding is not possible, copy them "
                                    "from the base model",
                                    model.mtp_num_hidden_layers, count, complete_mtp_tensors)});
  } else if (model.mtp_num_hidden_layers == 0 && count > 0) {
    warnings.push_back({"mtp_unused",
                        {},
                        fmt::format("{} mtp.* tensors are there, but mtp_num_hidden_layers is 0; "
                                    "engines will ignore them",
                                    count)});
  }
}

void check_head(const ModelConfig& model, const Inventory& inventory, Warnings& warnings) {
  const bool has_head =
      std::any_of(inventory.modules.begin(), inventory.modules.end(),
                  [](const ModuleEntry& module) { return module.name == "lm_head"; });
  if (model.tie_word_embeddings && has_head) {
    warnings.push_back({"tied_head_stored",
                        {"lm_head"},
                        "tie_word_embeddings is true, but lm_head is stored too; engines differ in "
                        "which they use"});
  } else if (!model.tie_word_embeddings && !has_head) {
    warnings.push_back({"head_missing",
                        {"lm_head"},
                        "tie_word_embeddings is false, but no lm_head is stored; the checkpoint "
                        "is incomplete"});
  }
}

// Engines that decide by the config alone look for tensors that are not there, or the reverse
// (formats.md section C: sglang#38574, vllm#47445).
void check_ignore_lists(const QuantizationConfig& quantization, const Inventory& inventory,
                        Warnings& warnings) {
  std::vector<std::string> dense, packed;
  for (const ModuleEntry& module : inventory.modules) {
    if (module.shape.size() != 2 || module.name.find("embed") != std::string::npos) continue;
    const bool prescribed = quantization.scheme(module.name).has_value();
    if (prescribed && !module.quantized) dense.push_back(module.name);
    if (!prescribed && module.quantized) packed.push_back(module.name);
  }
  if (!dense.empty()) {
    const size_t count = dense.size();
    warnings.push_back({"not_ignored", std::move(dense),
                        fmt::format("{} modules are stored unquantized, but quantization_config "
                                    "does not exclude them; some engines will fail to load them",
                                    count)});
  }
  if (!packed.empty()) {
    const size_t count = packed.size();
    warnings.push_back({"wrongly_ignored", std::move(packed),
                        fmt::format("{} modules are stored quantized, but quantization_config "
                                    "excludes them; some engines will fail to load them",
                                    count)});
  }
}

// A *.safetensors file that the index does not name is not loaded.
void check_unread_files(const Checkpoint& checkpoint, Warnings& warnings) {
  std::set<std::filesystem::path> read;
  for (const SafetensorsFile& file : checkpoint.files()) read.insert(file.path());
  std::error_code error;  // the folder was listed before
  for (const auto& entry : std::filesystem::directory_iterator(checkpoint.dir(), error)) {
    if (entry.path().extension() != ".safetensors" || read.contains(entry.path())) continue;
    warnings.push_back({"unread_file",
                        {},
                        fmt::format("{} is not named by model.safetensors.index.json and is not "
                                    "read",
                                    shown(entry.path().filename()))});
  }
}

// ModelOpt's files often ask for a quantized cache.
void check_kv_cache(const QuantizationConfig& quantization, Warnings& warnings) {
  if (quantization.kv_cache().empty()) return;
  warnings.push_back({"kv_cache",
                      {},
                      fmt::format("the checkpoint asks for keys and values in {}; they stay 16-bit "
                                  "here",
                                  escaped(quantization.kv_cache()))});
}

}  // namespace

std::vector<InventoryWarning> find_warnings(const Checkpoint& checkpoint,
                                            const QuantizationConfig& quantization,
                                            const ModelConfig& model, const Inventory& inventory) {
  Warnings warnings;
  check_global_scales(checkpoint, inventory, warnings);
  check_mtp(model, inventory, warnings);
  check_head(model, inventory, warnings);
  check_ignore_lists(quantization, inventory, warnings);
  check_unread_files(checkpoint, warnings);
  check_kv_cache(quantization, warnings);
  return warnings;
}

}  // namespace quantrial
