// quantization_config as the tools write it and the engines read it: the inverse of
// quantization_config.h. What the loaders ask for is said in write_config.cpp.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "formats/scheme.h"
#include "formats/write_weight.h"

namespace quantrial {

// A Linear of the checkpoint and how it is stored; nothing: it stays 16-bit.
struct ModuleScheme {
  std::string module;  // "model.language_model.layers.3.mlp.up_proj", "lm_head", "mtp.fc"
  std::optional<Scheme> scheme;
};

// `modules` are all Linears that are in the files, those of the vision tower too; other modules
// (embeddings, norms, convolutions) may be among them and count as 16-bit. At least one is
// quantized. Throws Error for a mix of schemes that the container cannot hold.
nlohmann::ordered_json quantization_config(OutputContainer container,
                                           std::span<const ModuleScheme> modules);

// config.json of the base checkpoint with that quantization_config, its keys in their order.
std::string with_quantization(const std::string& config_json,
                              const nlohmann::ordered_json& quantization);

// Whether the tool also writes it to a quantization_config.json of its own.
bool has_quantization_file(OutputContainer container);

}  // namespace quantrial
