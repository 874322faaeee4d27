// From a checkpoint's names to weights on a backend, with every shape checked against config.json.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "formats/quantization_config.h"
#include "formats/read_weight.h"
#include "model/config.h"
#include "model/model.h"
#include "ops/backend.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// A small parameter (norm weight, A_log, ...) on the backend, as floats.
struct Vector {
  std::unique_ptr<Memory> memory;
  View<const float, 1> view;
};

// A module name with the shape that config.json gives it.
struct LinearSpec {
  std::string module;
  int64_t rows, columns;  // N, K
};

// "model.language_model." or "model.": what stands before "layers.0." in this checkpoint. Error:
// neither holds the embedding.
std::string decoder_prefix(const Checkpoint& checkpoint);

// Error when a module of `bytes` would not fit into `free_bytes` if it had to be copied: weights
// that cannot be used where they lie in the file (unaligned, or in a layout that is turned) are.
void check_room(const std::string& module, int64_t bytes, int64_t free_bytes);

class WeightLoader {
 public:
  // The checkpoint must outlive what is loaded: weights may borrow its bytes.
  WeightLoader(const Checkpoint& checkpoint, Backend& backend, Nvfp4GlobalScale global_scale);

  // decoder_prefix() of the checkpoint.
  const std::string& prefix() const { return prefix_; }
  bool has(const std::string& module) const;  // any tensor "<module>.*"

  std::unique_ptr<DeviceWeight> linear(const LinearSpec& spec);
  // Rounded to E4M3 in blocks of 128 x 128, unless it is packed already.
  std::unique_ptr<DeviceWeight> linear_in_fp8(const LinearSpec& spec);
  // Linears that engines fuse into one: NVFP4 global scales follow the option for fused groups.
  std::vector<std::unique_ptr<DeviceWeight>> fused(const std::vector<LinearSpec>& specs);
  Vector vector(const std::string& name, std::vector<int64_t> shape);

  int64_t loaded_bytes() const { return loaded_bytes_; }

 private:
  Weight read(const LinearSpec& spec);
  std::unique_ptr<DeviceWeight> upload(Weight weight);

  Backend& backend_;
  Nvfp4GlobalScale global_scale_;
  const Checkpoint& checkpoint_;
  QuantizationConfig quantization_;
  std::string prefix_;
  int64_t loaded_bytes_ = 0;
};

}  // namespace quantrial
