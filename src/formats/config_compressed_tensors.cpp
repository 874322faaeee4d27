// quantization_config of compressed-tensors (formats.md A.3, A.4): config_groups of
// {targets, weights, input_activations}, as compressed_tensors/quantization/quant_config.py.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/config_keys.h"
#include "formats/config_readers.h"

namespace quantrial {
namespace {

constexpr std::string_view config_keys[] = {"quant_method",    "format",          "config_groups",
                                            "ignore",          "kv_cache_scheme", "sparsity_config",
                                            "transform_config"};
constexpr std::string_view group_keys[] = {"targets", "weights", "input_activations",
                                           "output_activations", "format"};
constexpr std::string_view args_keys[] = {"num_bits", "type",       "symmetric",
                                          "strategy", "group_size", "block_structure",
                                          "dynamic",  "actorder"};

// QuantizationArgs.strategy; when it is missing, the library derives it from group_size.
std::string strategy_of(const JsonObject& args) {
  if (args.has("strategy")) return args.text("strategy");
  if (args.has("block_structure")) return "block";
  if (!args.has("group_size")) return "tensor";
  return args.integer("group_size", -1, 1 << 20) == -1 ? "channel" : "group";
}

// block_structure: [128, 128], or "128x128" as older versions write.
std::array<int64_t, 2> read_block_structure(const JsonObject& args) {
  const Json* value = args.find("block_structure");
  if (value != nullptr && value->is_string()) {
    if (value->get<std::string>() == "128x128") return {128, 128};
    args.fail("block_structure", "[rows, columns]");
  }
  const auto block = args.integers("block_structure", 1, 1 << 20);
  if (block.size() != 2) args.fail("block_structure", "[rows, columns]");
  return {block[0], block[1]};
}

Scheme read_int4(const JsonObject& args) {
  const std::string strategy = strategy_of(args);
  if (strategy != "group" && strategy != "channel") args.fail("strategy", "group or channel");
  Scheme scheme{.weights = Scheme::Weights::int4};
  scheme.group_size = strategy == "group" ? read_group_size(args, "group_size") : 0;
  scheme.symmetric = args.flag("symmetric", true);
  return scheme;
}

Scheme read_fp8(const JsonObject& args) {
  const std::string strategy = strategy_of(args);
  Scheme scheme{.weights = Scheme::Weights::fp8};
  if (strategy == "channel") {
    scheme.block_rows = 1;
  } else if (strategy == "block") {
    const auto block = read_block_structure(args);
    scheme.block_rows = block[0];
    scheme.block_columns = block[1];
  } else if (strategy != "tensor") {
    args.fail("strategy", "tensor, channel or block");
  }
  if (!args.flag("symmetric", true)) args.fail("symmetric", "true");
  return scheme;
}

Scheme read_nvfp4(const JsonObject& args) {
  if (args.integer("group_size", 1, 1 << 20) != 16) args.fail("group_size", "16 (NVFP4)");
  if (strategy_of(args) != "tensor_group") args.fail("strategy", "tensor_group (NVFP4)");
  if (!args.flag("symmetric", true)) args.fail("symmetric", "true (NVFP4)");
  return {.weights = Scheme::Weights::nvfp4};
}

Scheme read_weights(const JsonObject& args) {
  check_keys(args, args_keys);
  const std::string type = args.text("type", "int");
  const int64_t bits = args.integer("num_bits", 1, 64, 8);
  if (args.has("dynamic") && *args.find("dynamic") != false) args.fail("dynamic", "false");
  if (type == "int" && bits == 4) return read_int4(args);
  if (type == "float" && bits == 8) return read_fp8(args);
  if (type == "float" && bits == 4) return read_nvfp4(args);
  args.fail("num_bits", fmt::format("4 (int or float) or 8 (float); type is '{}'", escaped(type)));
}

void read_inputs(const JsonObject& args, Scheme& scheme) {
  check_keys(args, args_keys);
  if (!args.flag("symmetric", true)) args.fail("symmetric", "true");
  const std::string type = args.text("type", "int");
  const int64_t bits = args.integer("num_bits", 1, 64, 8);
  const std::string strategy = strategy_of(args);
  const Json* value = args.find("dynamic");
  const Json dynamic = value == nullptr ? Json(false) : *value;
  if (type == "float" && bits == 8 && dynamic == true && strategy == "token") {
    scheme.inputs = Scheme::Inputs::fp8_dynamic;
  } else if (type == "float" && bits == 8 && dynamic == true && strategy == "group") {
    scheme.inputs = Scheme::Inputs::fp8_dynamic;
    scheme.input_group = args.integer("group_size", 1, 1 << 20);
  } else if (type == "float" && bits == 8 && dynamic == false && strategy == "tensor") {
    scheme.inputs = Scheme::Inputs::fp8_static;
  } else if (type == "float" && bits == 4 && dynamic == "local" && strategy == "tensor_group" &&
             args.integer("group_size", 1, 1 << 20) == 16) {
    scheme.inputs = Scheme::Inputs::nvfp4_local;
  } else {
    throw Error(
        "{}: {} of {} bits, strategy '{}', dynamic {} is not supported; expected FP8 dynamic per "
        "token or group, FP8 static per tensor, or NVFP4 with dynamic 'local'",
        args.where(), escaped(type), bits, escaped(strategy), shown(dynamic));
  }
}

// The weights that a `format` holds; Error for a format that is not read.
void check_format(const JsonObject& object, const Scheme& scheme) {
  const std::string format = object.text("format", "mixed-precision");
  const bool fits = format == "pack-quantized"         ? scheme.weights == Scheme::Weights::int4
                    : format == "nvfp4-pack-quantized" ? scheme.weights == Scheme::Weights::nvfp4
                    : format == "float-quantized" || format == "naive-quantized"
                        ? scheme.weights == Scheme::Weights::fp8
                        : format == "mixed-precision";
  if (!fits) {
    object.fail("format", fmt::format("the format of {} weights: pack-quantized (int4), "
                                      "float-quantized (fp8) or nvfp4-pack-quantized (nvfp4)",
                                      describe(scheme)));
  }
}

Scheme read_group(const JsonObject& config, const JsonObject& group) {
  check_keys(group, group_keys);
  Scheme scheme = read_weights(group.object("weights"));
  check_format(group.has("format") ? group : config, scheme);
  if (group.has("input_activations")) read_inputs(group.object("input_activations"), scheme);
  if (group.has("output_activations")) group.fail("output_activations", "null");
  if (scheme.weights == Scheme::Weights::int4 && scheme.inputs != Scheme::Inputs::unquantized) {
    group.fail("input_activations", "null for int4 weights");
  }
  return scheme;
}

// What changes the meaning of the stored numbers, or of the cache, unless it is empty.
void check_no_extras(const JsonObject& config) {
  if (config.has("kv_cache_scheme")) {
    config.fail("kv_cache_scheme",
                "null (a quantized cache is not supported); with null, keys and "
                "values stay 16-bit");
  }
  if (config.has("sparsity_config")) {
    const JsonObject sparsity = config.object("sparsity_config");
    if (sparsity.text("format", "dense") != "dense") sparsity.fail("format", "dense");
  }
  if (config.has("transform_config")) {
    const JsonObject transform = config.object("transform_config");
    if (const Json* groups = transform.find("config_groups"); groups && !groups->empty()) {
      transform.fail("config_groups", "none (rotations are not supported)");
    }
  }
}

// Of several targets that match a module, an exact name counts before a regex before a class.
void add_targets(const std::vector<QuantizationRule>& groups,
                 std::vector<QuantizationRule>& rules) {
  const auto add_if = [&](auto&& wanted) {
    for (const QuantizationRule& rule : groups) {
      if (wanted(rule.pattern)) rules.push_back(rule);
    }
  };
  add_if([](const ModulePattern& p) { return !p.is_regex() && !p.is_class(); });
  add_if([](const ModulePattern& p) { return p.is_regex(); });
  add_if([](const ModulePattern& p) { return p.is_class(); });
}

}  // namespace

QuantizationConfig read_compressed_tensors_config(const JsonObject& config) {
  check_keys(config, config_keys);
  check_no_extras(config);
  const std::string format = config.text("format", "mixed-precision");
  constexpr std::array known = {"pack-quantized",  "nvfp4-pack-quantized", "float-quantized",
                                "naive-quantized", "mixed-precision",      "dense"};
  if (std::find(known.begin(), known.end(), format) == known.end()) {
    config.fail("format", fmt::format("one of {}", fmt::join(known, ", ")));
  }
  std::vector<QuantizationRule> rules, groups;
  if (format != "dense") {
    for (const std::string& ignored : config.texts("ignore")) {
      rules.push_back({ModulePattern::target(ignored), std::nullopt});
    }
    const JsonObject by_name = config.object("config_groups");
    for (const auto& [name, value] : by_name.json().items()) {
      const JsonObject group = by_name.object(name);
      const Scheme scheme = read_group(config, group);
      for (const std::string& target : group.texts("targets")) {
        groups.push_back({ModulePattern::target(target), scheme});
      }
    }
  }
  add_targets(groups, rules);
  return {"compressed-tensors " + escaped(format), Container::compressed_tensors, std::move(rules),
          std::nullopt};
}

}  // namespace quantrial
