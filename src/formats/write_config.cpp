// What the loaders ask for (read in their sources, November 2026):
// - compressed-tensors 0.20 (and transformers 5.24 on top): QuantizationScheme and QuantizationArgs
//   refuse unknown keys, null values may be left out; `ignore` and `targets` hold full names or
//   "re:" and a regex for re.match; scale_dtype decides the type of NVFP4's scales.
// - vLLM (compressed_tensors/utils.py, should_ignore_layer, find_matched_target): a fused module is
//   looked up by its own name first, else by those of its members, which must agree; names are
//   mapped from "model.language_model." to "language_model.model.", regexes are not.
// - SGLang does the same, older versions without the map of fused names: so both are listed.
// - vLLM and SGLang, fp8 (quant_utils.py, is_layer_skipped): full names of the members, or of the
//   fused module when the map lacks it; no regexes. transformers: each name is a regex or a suffix.
// - auto-round (vLLM auto_round.py, get_layer_config): extra_config by exact name, then by members;
//   a module outside block_name_to_quantize is 16-bit; auto-round 0.16 takes every name of
//   extra_config with fewer than 16 bits for a module, so fused names may be 16-bit alone.
#include "formats/write_config.h"

#include <algorithm>

#include "base/error.h"
#include "formats/module_class.h"
#include "formats/module_list.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// The releases whose form the configs have.
constexpr const char* compressed_tensors_version = "0.20.0";
constexpr const char* auto_round_version = "0.16.1";

const char* format_of(const Scheme& scheme) {
  if (scheme.weights == Scheme::Weights::fp8) return "float-quantized";
  return scheme.weights == Scheme::Weights::nvfp4 ? "nvfp4-pack-quantized" : "pack-quantized";
}

// QuantizationArgs of NVFP4, weights and inputs.
ordered_json nvfp4_args(const ordered_json& dynamic, const char* observer) {
  return {{"num_bits", 4},        {"type", "float"},
          {"symmetric", true},    {"strategy", "tensor_group"},
          {"group_size", 16},     {"dynamic", dynamic},
          {"observer", observer}, {"scale_dtype", "torch.float8_e4m3fn"}};
}

ordered_json weight_args(const Scheme& scheme) {
  switch (scheme.weights) {
    case Scheme::Weights::nvfp4:
      return nvfp4_args(false, "minmax");
    case Scheme::Weights::fp8:
      return {{"num_bits", 8},
              {"type", "float"},
              {"symmetric", true},
              {"strategy", "block"},
              {"block_structure", {scheme.block_rows, scheme.block_columns}},
              {"dynamic", false},
              {"observer", "minmax"}};
    case Scheme::Weights::int4:
      break;
  }
  const bool whole_row = scheme.group_size == 0;
  ordered_json args = {{"num_bits", 4}, {"type", "int"}, {"symmetric", scheme.symmetric}};
  args["strategy"] = whole_row ? "channel" : "group";
  if (!whole_row) args["group_size"] = scheme.group_size;
  args.update({{"dynamic", false}, {"observer", "minmax"}});
  if (!scheme.symmetric) args["zp_dtype"] = "torch.int8";
  return args;
}

// Null when the input stays as it is.
ordered_json input_args(const Scheme& scheme) {
  if (scheme.inputs == Scheme::Inputs::nvfp4_local) return nvfp4_args("local", "static_minmax");
  if (scheme.inputs != Scheme::Inputs::fp8_dynamic) return nullptr;
  ordered_json args = {{"num_bits", 8}, {"type", "float"}, {"symmetric", true}};
  args["strategy"] = scheme.input_group == 0 ? "token" : "group";
  if (scheme.input_group != 0) args["group_size"] = scheme.input_group;
  args["dynamic"] = true;
  return args;
}

ordered_json compressed_tensors_config(std::span<const ModuleScheme> modules) {
  const std::vector<Scheme> schemes = schemes_of(modules);
  ordered_json groups = ordered_json::object();
  std::string format;
  for (const Scheme& scheme : schemes) {
    const auto targets =
        schemes.size() == 1 ? std::vector<std::string>{"Linear"} : targets_of(modules, scheme);
    groups[fmt::format("group_{}", groups.size())] = {{"format", format_of(scheme)},
                                                      {"targets", targets},
                                                      {"weights", weight_args(scheme)},
                                                      {"input_activations", input_args(scheme)},
                                                      {"output_activations", nullptr}};
    format = format.empty() || format == format_of(scheme) ? format_of(scheme) : "mixed-precision";
  }
  return {{"quant_method", "compressed-tensors"},
          {"format", format},
          {"quantization_status", "compressed"},
          {"version", compressed_tensors_version},
          {"global_compression_ratio", nullptr},
          {"kv_cache_scheme", nullptr},
          {"sparsity_config", ordered_json::object()},
          {"transform_config", ordered_json::object()},
          {"ignore", ignore_list(modules)},
          {"config_groups", groups}};
}

ordered_json fp8_config(std::span<const ModuleScheme> modules) {
  const std::vector<Scheme> schemes = schemes_of(modules);
  if (schemes.size() != 1) {
    throw Error("fp8 files hold one scheme, not {}; choose compressed-tensors", schemes.size());
  }
  std::vector<std::string> names;
  for (const ModuleScheme& m : modules) {
    if (!m.scheme) names.push_back(m.module);
  }
  return {{"quant_method", "fp8"},
          {"fmt", "e4m3"},
          {"activation_scheme", "dynamic"},
          {"weight_block_size", {schemes[0].block_rows, schemes[0].block_columns}},
          {"modules_to_not_convert", names}};
}

// -1 is the whole row.
int64_t auto_round_group(const Scheme& scheme) {
  return scheme.group_size == 0 ? -1 : scheme.group_size;
}

// Keys of auto-round that describe a scheme; those of `base` are left out.
ordered_json auto_round_scheme(const std::optional<Scheme>& scheme, const Scheme& base) {
  const bool quantizes_inputs = base.inputs != Scheme::Inputs::unquantized;
  if (!scheme) {
    ordered_json entry = {{"bits", 16}, {"data_type", "fp"}};
    if (quantizes_inputs) entry.update({{"act_bits", 16}, {"act_data_type", "fp"}});
    return entry;
  }
  if (scheme->weights != base.weights || scheme->inputs != base.inputs) {
    throw Error("auto-round files hold {} or {}, not both; choose compressed-tensors",
                describe(base), describe(*scheme));
  }
  ordered_json entry = ordered_json::object();
  if (scheme->group_size != base.group_size) entry["group_size"] = auto_round_group(*scheme);
  return entry;
}

// Prefixes of the layers with quantized Linears: "model.language_model.layers", "mtp.layers".
std::vector<std::string> quantized_layers(std::span<const ModuleScheme> modules) {
  std::vector<std::string> prefixes;
  for (const ModuleScheme& m : modules) {
    const auto place = place_in_layers(m.module);
    if (!m.scheme || !place) continue;
    if (std::find(prefixes.begin(), prefixes.end(), place->layers) == prefixes.end()) {
      prefixes.push_back(place->layers);
    }
  }
  return prefixes;
}

bool is_fused(const std::string& module) {
  return std::any_of(fused_groups.begin(), fused_groups.end(), [&](const FusedGroup& group) {
    return last_component(module) == group.fused;
  });
}

ordered_json auto_round_config(std::span<const ModuleScheme> modules) {
  const Scheme base = schemes_of(modules).at(0);
  const bool nvfp4 = base.weights == Scheme::Weights::nvfp4;
  ordered_json config = {{"quant_method", "auto-round"}, {"autoround_version", auto_round_version}};
  config["packing_format"] = nvfp4 ? "auto_round:llm_compressor" : "auto_round:auto_gptq";
  config["bits"] = 4;
  config["group_size"] = nvfp4 ? 16 : auto_round_group(base);
  config["sym"] = true;
  config["data_type"] = nvfp4 ? "nv_fp" : "int";
  if (base.inputs == Scheme::Inputs::nvfp4_local) {
    config.update({{"act_bits", 4},
                   {"act_data_type", "nv_fp4_with_static_gs"},
                   {"act_dynamic", true},
                   {"act_group_size", 16},
                   {"act_sym", true}});
  }
  const auto layers = quantized_layers(modules);
  config["block_name_to_quantize"] = layers;
  if (layers.size() == 1) config["block_name_to_quantize"] = layers[0];
  ordered_json extra = ordered_json::object();
  for (const ModuleScheme& m : modules) {
    const auto place = place_in_layers(m.module);
    const bool in_blocks =
        place && std::find(layers.begin(), layers.end(), place->layers) != layers.end();
    if (m.scheme ? is_fused(m.module) : !in_blocks && !m.module.starts_with("mtp.")) continue;
    const ordered_json entry = auto_round_scheme(m.scheme, base);
    if (!entry.empty()) extra[m.module] = entry;
  }
  if (!extra.empty()) config["extra_config"] = extra;
  return config;
}

}  // namespace

ordered_json quantization_config(OutputContainer container, std::span<const ModuleScheme> modules) {
  const std::vector<ModuleScheme> all = with_fused(modules);
  require(!schemes_of(all).empty(), "quantization_config: nothing is quantized");
  switch (container) {
    case OutputContainer::auto_round:
      return auto_round_config(all);
    case OutputContainer::fp8:
      return fp8_config(all);
    case OutputContainer::compressed_tensors:
      break;
  }
  return compressed_tensors_config(all);
}

std::string with_quantization(const std::string& config_json, const ordered_json& quantization) {
  ordered_json config = ordered_json::parse(config_json);
  config["quantization_config"] = quantization;
  return config.dump(2) + "\n";
}

bool has_quantization_file(OutputContainer container) {
  return container == OutputContainer::auto_round;
}

}  // namespace quantrial
