#include "formats/quantization_config.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/config_readers.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

QuantizationConfig read_by_method(const JsonObject& config) {
  const std::string method = config.text("quant_method");
  if (method == "compressed-tensors") return read_compressed_tensors_config(config);
  if (method == "auto-round" || method == "intel/auto-round") {
    return read_auto_round_config(config);
  }
  if (method == "gptq") return read_gptq_config(config);
  if (method == "awq") return read_awq_config(config);
  if (method == "fp8") return read_fp8_config(config);
  if (method.starts_with("modelopt")) return read_modelopt_config(config);
  config.fail("quant_method", "compressed-tensors, auto-round, gptq, awq, fp8 or modelopt");
}

}  // namespace

QuantizationConfig::QuantizationConfig(std::string name, Container container,
                                       std::vector<QuantizationRule> rules,
                                       std::optional<Scheme> rest)
    : name_(std::move(name)), container_(container), rules_(std::move(rules)), rest_(rest) {}

QuantizationConfig QuantizationConfig::read(const fs::path& model_dir) {
  const fs::path path = model_dir / "config.json";
  const Json json = read_json_object(path);
  const JsonObject top(json, shown(path));
  if (top.has("quantization_config")) return read_by_method(top.object("quantization_config"));
  if (top.has("text_config")) {
    const JsonObject text = top.object("text_config");
    if (text.has("quantization_config")) return read_by_method(text.object("quantization_config"));
  }
  return read_config_beside(model_dir).value_or(QuantizationConfig());
}

std::optional<QuantizationConfig> read_config_beside(const fs::path& model_dir) {
  if (const fs::path own = model_dir / "quantization_config.json"; is_present(own)) {
    const Json own_json = read_json_object(own);
    return read_by_method(JsonObject(own_json, shown(own)));
  }
  if (const fs::path own = model_dir / "hf_quant_config.json"; is_present(own)) {
    const Json own_json = read_json_object(own);
    return read_modelopt_config(JsonObject(own_json, shown(own)));
  }
  return std::nullopt;
}

std::optional<Scheme> QuantizationConfig::scheme(const std::string& module) const {
  for (const QuantizationRule& rule : rules_) {
    if (rule.pattern.matches(module)) return rule.scheme;
  }
  return rest_;
}

std::optional<Scheme> QuantizationConfig::scheme_for(const std::string& module,
                                                     Scheme::Weights weights) const {
  if (const auto own = scheme(module); own && own->weights == weights) return own;
  std::optional<Scheme> only = rest_ && rest_->weights == weights ? rest_ : std::nullopt;
  for (const QuantizationRule& rule : rules_) {
    if (!rule.scheme || rule.scheme->weights != weights || rule.scheme == only) continue;
    if (only) return std::nullopt;
    only = rule.scheme;
  }
  return only;
}

}  // namespace quantrial
