// From the tensors of a checkpoint to a Weight. The tensors that are present decide whether a
// module is quantized, since ignore lists often miss modules (mtp.*); the config decides how they
// are read. Bytes that already have the layout in memory are borrowed from the mapped file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/formats.h"
#include "formats/quantization_config.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// The matrix of the Linear (or embedding) `module`, "model.layers.3.mlp.up_proj". Throws Error
// naming module and tensors when they are absent, malformed, or contradict the config. The threads
// of `pool` share what must be rearranged.
Weight read_weight(const Checkpoint& checkpoint, const QuantizationConfig& config,
                   const std::string& module);
Weight read_weight(const Checkpoint& checkpoint, const QuantizationConfig& config,
                   const std::string& module, ThreadPool& pool);

// What a matrix is stored as, from the shape of its codes alone; read_weight checks the rest.
struct StoredMatrix {
  std::string format;             // "int4", "nvfp4", "fp8-block", or the dtype: "bf16", "f16", ...
  int64_t rows = 0, columns = 0;  // N, K
  bool quantized = false;
};
StoredMatrix stored_matrix(const Checkpoint& checkpoint, const QuantizationConfig& config,
                           const std::string& module);

// The second-level scales of an NVFP4 module as divisors, without reading its codes; what is absent
// or no single float is left out.
struct GlobalDivisors {
  std::optional<double> weight, input;
};
GlobalDivisors global_divisors(const Checkpoint& checkpoint, const std::string& module);

// Modules with a matrix: `.weight` of two dimensions, `.weight_packed` or `.qweight`; sorted.
std::vector<std::string> matrix_modules(const Checkpoint& checkpoint);

// Names, present in the checkpoint, of the tensors that hold `module`'s matrix: weight, scales,
// zero points, ...
std::vector<std::string> tensors_of(const Checkpoint& checkpoint, const std::string& module);

}  // namespace quantrial
