// The part of verify() that reads the files beside the weights.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "formats/quantization_config.h"
#include "quantize/verify.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// model.safetensors.index.json against the files.
void check_index(const Checkpoint& checkpoint, std::vector<Finding>& findings);

// quantization_config.json and hf_quant_config.json against config.json, which engines read first.
void check_second_config(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                         std::vector<Finding>& findings);

// Tokenizer and the like, without which engines do not start or answer otherwise than the base.
void check_carried_files(const std::filesystem::path& dir,
                         const std::optional<std::filesystem::path>& base,
                         std::vector<Finding>& findings);

}  // namespace quantrial
