// quantization_config of NVIDIA ModelOpt, from config.json or hf_quant_config.json (formats.md
// A.7).
#include <nlohmann/json.hpp>

#include "formats/config_keys.h"
#include "formats/config_readers.h"

namespace quantrial {
namespace {

// config_groups repeats quant_algo or quantized_layers in the words of compressed-tensors.
constexpr std::string_view config_keys[] = {
    "quant_method", "quantization",  "quant_algo",       "group_size",      "exclude_modules",
    "ignore",       "config_groups", "quantized_layers", "kv_cache_scheme", "kv_cache_quant_algo",
    "quant_library"};
constexpr std::string_view module_keys[] = {"quant_algo", "group_size"};

// What a quant_algo stores; nothing for modules that stay 16-bit.
std::optional<Scheme> read_algorithm(const JsonObject& config) {
  if (!config.has("quant_algo")) return std::nullopt;
  const std::string algorithm = config.text("quant_algo");
  if (algorithm == "NVFP4" || algorithm == "W4A16_NVFP4") {
    if (config.integer("group_size", 1, 1 << 20, 16) != 16) config.fail("group_size", "16 (NVFP4)");
    return Scheme{
        .weights = Scheme::Weights::nvfp4,
        .inputs = algorithm == "NVFP4" ? Scheme::Inputs::nvfp4_local : Scheme::Inputs::unquantized};
  }
  if (algorithm == "FP8") {
    return Scheme{.weights = Scheme::Weights::fp8, .inputs = Scheme::Inputs::fp8_static};
  }
  if (algorithm == "FP8_PER_CHANNEL_PER_TOKEN") {
    return Scheme{
        .weights = Scheme::Weights::fp8, .block_rows = 1, .inputs = Scheme::Inputs::fp8_dynamic};
  }
  config.fail("quant_algo",
              "NVFP4, W4A16_NVFP4, FP8, FP8_PER_CHANNEL_PER_TOKEN or MIXED_PRECISION");
}

// ModelOpt names a type that the engines may keep keys and values in; no number that is stored
// depends on it. In hf_quant_config.json a word, in config.json the scheme of an FP8 cache.
std::string read_kv_cache(const JsonObject& config) {
  if (config.has("kv_cache_quant_algo")) return config.text("kv_cache_quant_algo");
  const Json* scheme = config.find("kv_cache_scheme");
  if (scheme == nullptr) return "";
  return scheme->is_object() ? "FP8" : config.text("kv_cache_scheme");
}

}  // namespace

QuantizationConfig read_modelopt_config(const JsonObject& file) {
  const JsonObject config = file.has("quantization") ? file.object("quantization") : file;
  check_keys(file, config_keys);
  check_keys(config, config_keys);
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
      const JsonObject entry = layers.object(name);
      check_keys(entry, module_keys);
      rules.push_back({ModulePattern::wildcard(name), read_algorithm(entry)});
    }
  } else {
    rest = read_algorithm(config);
  }
  QuantizationConfig result("modelopt " + algorithm, Container::modelopt, std::move(rules), rest);
  result.set_kv_cache(read_kv_cache(config));
  return result;
}

}  // namespace quantrial
