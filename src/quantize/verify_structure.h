// The part of verify() that reads names, shapes and configs; verify_numbers.h reads the numbers.
#pragma once

#include <vector>

#include "formats/quantization_config.h"
#include "model/config.h"
#include "quantize/verify.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// What the architecture of config.json asks for: every tensor of the language model, its head and
// MTP, with its shape.
void check_tensors(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                   const ModelConfig& config, std::vector<Finding>& findings);

// What take_inventory() warns of, those that stop an engine as errors.
void check_inventory(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                     std::vector<Finding>& findings);

// Fused modules: members in one format, and found in the ignore list under every name.
void check_fused(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                 std::vector<Finding>& findings);

}  // namespace quantrial
