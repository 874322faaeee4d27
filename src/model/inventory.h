// What a model folder holds: every module with its class, format and bytes, and what about it would
// surprise somebody who loads it elsewhere. Reads headers and global scales, no weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace quantrial {

// Tensors of a complete `mtp.*` (formats.md section 0).
inline constexpr int64_t complete_mtp_tensors = 15;

struct ModuleEntry {
  std::string name;             // "model.layers.3.mlp.up_proj"; tensors other than .weight in full
  std::string_view class_name;  // formats/module_class.h
  std::string format;           // "bf16", "f32", "fp8-block", "int4", "nvfp4", ...
  bool quantized = false;       // a matrix in another format than a plain number type
  std::vector<int64_t> shape;   // of the weight it stands for: [N, K] for a matrix
  int64_t parameters = 0;       // product of shape
  int64_t bytes = 0;            // on disk: codes, scales, zero points, ...
};

// A finding that does not stop a load.
struct InventoryWarning {
  std::string kind;  // "unequal_global_scales", "mtp_missing", ...
  std::vector<std::string> modules;
  std::string detail;
};

struct Inventory {
  std::string architecture;
  std::string format;  // of the container: QuantizationConfig::name(), or "bf16" and the like
  std::vector<ModuleEntry> modules;
  int64_t parameters = 0, bytes = 0;
  int64_t mtp_tensors = 0;  // parameters of mtp.*, a quantized matrix counted once
  std::string mtp_format;   // of its matrices: "bf16", "int4, bf16", ...; "absent"
  std::vector<InventoryWarning> warnings;

  double bits_per_weight() const {
    return parameters == 0 ? 0 : 8 * static_cast<double>(bytes) / static_cast<double>(parameters);
  }
};

// Throws Error for a folder that cannot be read as a model of the family.
Inventory take_inventory(const std::filesystem::path& dir);

}  // namespace quantrial
