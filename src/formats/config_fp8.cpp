// quantization_config of Hugging Face's `fp8` (formats.md A.2).
#include <nlohmann/json.hpp>

#include "formats/config_keys.h"
#include "formats/config_readers.h"

namespace quantrial {
namespace {

// The second row: auto-round spells out its scheme, which the keys of the first decide.
constexpr std::string_view config_keys[] = {"quant_method",
                                            "activation_scheme",
                                            "fmt",
                                            "scale_fmt",
                                            "weight_block_size",
                                            "modules_to_not_convert",
                                            "ignored_layers",
                                            "bits",
                                            "data_type",
                                            "group_size",
                                            "sym",
                                            "act_bits",
                                            "act_sym",
                                            "act_data_type",
                                            "act_group_size",
                                            "act_dynamic",
                                            "extra_config",
                                            "lm_head",
                                            "block_name_to_quantize"};

}  // namespace

QuantizationConfig read_fp8_config(const JsonObject& config) {
  check_keys(config, config_keys);
  if (config.text("fmt", "e4m3") != "e4m3") config.fail("fmt", "e4m3");
  const std::string scale_format = config.text("scale_fmt", "float");
  if (scale_format != "float" && scale_format != "ue8m0") {
    config.fail("scale_fmt", "float or ue8m0");
  }
  Scheme scheme{.weights = Scheme::Weights::fp8};
  if (config.has("weight_block_size")) {
    const auto block = config.integers("weight_block_size", 1, 1 << 20);
    if (block.size() != 2) config.fail("weight_block_size", "[rows, columns]");
    scheme.block_rows = block[0];
    scheme.block_columns = block[1];
  }
  const std::string activations = config.text("activation_scheme", "dynamic");
  if (activations == "dynamic") {
    scheme.inputs = Scheme::Inputs::fp8_dynamic;
    scheme.input_group = scheme.block_columns;
  } else if (activations == "static") {
    scheme.inputs = Scheme::Inputs::fp8_static;
  } else {
    config.fail("activation_scheme", "dynamic or static");
  }
  std::vector<QuantizationRule> rules;
  for (const char* key : {"modules_to_not_convert", "ignored_layers"}) {
    for (const std::string& name : config.texts(key)) {
      rules.push_back(
          {name.starts_with("re:") ? ModulePattern::target(name) : ModulePattern::wildcard(name),
           std::nullopt});
    }
  }
  return {"fp8", Container::fp8, std::move(rules), scheme};
}

}  // namespace quantrial
