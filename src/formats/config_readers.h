// Readers of quantization_config, one a quant_method; called by QuantizationConfig::read.
#pragma once

#include "formats/quantization_config.h"
#include "tensor/json.h"

namespace quantrial {

QuantizationConfig read_compressed_tensors_config(const JsonObject& config);
QuantizationConfig read_auto_round_config(const JsonObject& config);
QuantizationConfig read_gptq_config(const JsonObject& config);
QuantizationConfig read_awq_config(const JsonObject& config);
QuantizationConfig read_fp8_config(const JsonObject& config);
QuantizationConfig read_modelopt_config(const JsonObject& config);

// quantization_config.json or hf_quant_config.json beside config.json; nothing where neither is.
std::optional<QuantizationConfig> read_config_beside(const std::filesystem::path& model_dir);

// group_size as GPTQ, AWQ and AutoRound write it: -1 (and 0) mean the whole row; else a multiple of
// 16, as the kernels need it. Returns 0 for the whole row.
int64_t read_group_size(const JsonObject& config, const std::string& key);

}  // namespace quantrial
