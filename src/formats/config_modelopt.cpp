// quantization_config of NVIDIA ModelOpt, from config.json or hf_quant_config.json (formats.md
// A.7).
#include <nlohmann/json.hpp>

#include "formats/config_readers.h"

namespace quantrial {
namespace {

// What a quant_algo stores; nothing for modules that stay 16-bit.
std::optional<Scheme> read_algorithm(const JsonObject& config) {
  if (!config.has("quant_algo")) return std::nullopt;
  const std::string algorithm = config.text("quant_algo");
  if (algorithm == "NVFP4") {
    if (config.integer("group_size", 1, 1 << 20, 16) != 16) config.fail("group_size", "16 (NVFP4)");
    return Scheme{.weights = Scheme::Weights::nvfp4, .inputs = Scheme::Inputs::nvfp4_local};
  }
  if (algorithm == "FP8") {
    return Scheme{.weights = Scheme::Weights::fp8, .inputs = Scheme::Inputs::fp8_static};
  }
  if (algorithm == "FP8_PER_CHANNEL_PER_TOKEN") {
    return Scheme{
        .weights = Scheme::Weights::fp8, .block_rows = 1, .inputs = Scheme::Inputs::fp8_dynamic};
  }
  config.fail("quant_algo", "NVFP4, FP8, FP8_PER_CHANNEL_PER_TOKEN or MIXED_PRECISION");
}

}  // namespace

QuantizationConfig read_modelopt_config(const JsonObject& file) {
  const JsonObject config = file.has("quantization") ? file.object("quantization") : file;
  const std::string algorithm = config.text("quant_algo");
  std::vector<QuantizationRule> rules;
  for (const char* key : {"exclude_modules", "ignore"}) {
    for (const std::string& name : config.texts(key)) {
      rules.push_back(
          {name.starts_with("re:") ? ModulePattern::target(name) : ModulePattern::wildcard(name),
           std::nullopt});
    }
  }
  std::optional<Scheme> rest;
  if (algorithm == "MIXED_PRECISION") {
    const JsonObject layers = config.object("quantized_layers");
    for (const auto& [name, value] : layers.json().items()) {
      rules.push_back({ModulePattern::wildcard(name), read_algorithm(layers.object(name))});
    }
  } else {
    rest = read_algorithm(config);
  }
  return {"modelopt " + algorithm, Container::modelopt, std::move(rules), rest};
}

}  // namespace quantrial
