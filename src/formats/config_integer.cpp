// quantization_config of the integer formats: AutoRound, GPTQ and AWQ (formats.md A.1, A.5, A.6).
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/config_keys.h"
#include "formats/config_readers.h"

namespace quantrial {
namespace {

constexpr std::string_view auto_round_keys[] = {
    "quant_method",   "packing_format",  "backend",
    "bits",           "group_size",      "sym",
    "data_type",      "act_bits",        "act_data_type",
    "act_group_size", "act_sym",         "act_dynamic",
    "extra_config",   "desc_act",        "block_name_to_quantize",
    "lm_head",        "static_kv_dtype", "to_quant_block_names",
    "zero_point",     "version",         "static_attention_dtype"};
constexpr std::string_view auto_round_module_keys[] = {
    "bits",          "group_size",     "sym",     "data_type",  "act_bits",
    "act_data_type", "act_group_size", "act_sym", "act_dynamic"};
constexpr std::string_view gptq_keys[] = {"quant_method", "method",
                                          "bits",         "group_size",
                                          "sym",          "desc_act",
                                          "format",       "lm_head",
                                          "dynamic",      "pack_dtype",
                                          "data_type",    "checkpoint_format",
                                          "backend",      "block_name_to_quantize"};
constexpr std::string_view gptq_module_keys[] = {"bits", "group_size", "sym", "desc_act"};
constexpr std::string_view awq_keys[] = {"quant_method",
                                         "method",
                                         "bits",
                                         "w_bit",
                                         "group_size",
                                         "q_group_size",
                                         "zero_point",
                                         "version",
                                         "sym",
                                         "desc_act",
                                         "format",
                                         "checkpoint_format",
                                         "lm_head",
                                         "data_type",
                                         "pack_dtype",
                                         "backend",
                                         "modules_to_not_convert",
                                         "block_name_to_quantize"};

// Where AutoRound keeps a key of a module: its entry in extra_config before the config itself.
const JsonObject& holder(const JsonObject& entry, const JsonObject& config, const char* key) {
  return entry.has(key) ? entry : config;
}

bool is_float16(const JsonObject& entry, const JsonObject& config) {
  return holder(entry, config, "bits").integer("bits", 1, 64) >= 16;
}

// NVFP4 inputs, where a key says something: what nv_fp4_with_static_gs means.
void check_nvfp4_inputs(const JsonObject& entry) {
  if (entry.integer("act_group_size", -1, 1 << 20, 16) != 16) entry.fail("act_group_size", "16");
  if (!entry.flag("act_sym", true)) entry.fail("act_sym", "true (NVFP4)");
  if (!entry.flag("act_dynamic", true)) entry.fail("act_dynamic", "true (NVFP4)");
}

// What AutoRound stored a module with; `entry` is the config itself or one of extra_config.
std::optional<Scheme> read_auto_round_scheme(const JsonObject& entry, const JsonObject& config) {
  if (is_float16(entry, config)) return std::nullopt;
  const auto at = [&](const char* key) -> const JsonObject& { return holder(entry, config, key); };
  if (at("bits").integer("bits", 1, 64) != 4) at("bits").fail("bits", "4 or 16");
  const std::string type = at("data_type").text("data_type", "int");
  const bool inputs = at("act_bits").integer("act_bits", 1, 64, 16) < 16;
  if (type == "nv_fp" || type == "nv_fp4") {
    if (at("group_size").integer("group_size", -1, 1 << 20, 16) != 16) {
      at("group_size").fail("group_size", "16 (NVFP4)");
    }
    const std::string act = at("act_data_type").text("act_data_type", "nv_fp4_with_static_gs");
    if (inputs && act != "nv_fp4_with_static_gs") {
      at("act_data_type").fail("act_data_type", "nv_fp4_with_static_gs");
    }
    if (!at("sym").flag("sym", true)) at("sym").fail("sym", "true (NVFP4)");
    if (inputs) check_nvfp4_inputs(entry);
    return Scheme{.weights = Scheme::Weights::nvfp4,
                  .inputs = inputs ? Scheme::Inputs::nvfp4_local : Scheme::Inputs::unquantized};
  }
  if (!type.starts_with("int")) at("data_type").fail("data_type", "int or nv_fp");
  if (inputs) at("act_bits").fail("act_bits", "16 for int weights");
  return Scheme{.weights = Scheme::Weights::int4,
                .group_size = read_group_size(at("group_size"), "group_size"),
                .symmetric = at("sym").flag("sym", true)};
}

// packing_format "auto_round:auto_gptq", "auto_round:gptq", or "backend" in old files.
Container read_packing(const JsonObject& config, const std::string& key) {
  const std::string packing = config.text(key, "auto_round:auto_gptq");
  const size_t colon = packing.find(':');
  const std::string layout = colon == std::string::npos ? packing : packing.substr(colon + 1);
  if (layout.starts_with("auto_gptq") || layout.starts_with("gptq")) return Container::gptq;
  if (layout.starts_with("auto_awq") || layout.starts_with("awq")) return Container::awq;
  if (layout.starts_with("llm_compressor")) return Container::compressed_tensors;
  config.fail(key, "auto_round:auto_gptq, auto_round:auto_awq or auto_round:llm_compressor");
}

// Names that are plain must match before those that are regexes (vLLM's reader: a name is a regex
// when it holds one of these characters, and is searched for).
bool is_regex(const std::string& name) {
  return name.find_first_of("*+?^$()[]{}|\\") != std::string::npos;
}

// block_name_to_quantize: "a,b" or a list, possibly of lists.
void add_block_names(const Json& value, std::vector<std::string>& names) {
  if (value.is_array()) {
    for (const Json& item : value) add_block_names(item, names);
    return;
  }
  if (!value.is_string()) return;
  std::string text = value.get<std::string>();
  for (size_t comma; (comma = text.find(',')) != std::string::npos; text.erase(0, comma + 1)) {
    names.push_back(text.substr(0, comma));
  }
  names.push_back(text);
}

// Eight codes in a 32-bit word are the only packing.
void check_words(const JsonObject& config) {
  if (config.text("pack_dtype", "int32") != "int32") config.fail("pack_dtype", "int32");
  if (!config.text("data_type", "int").starts_with("int")) config.fail("data_type", "int");
}

}  // namespace

int64_t read_group_size(const JsonObject& config, const std::string& key) {
  const int64_t size = config.integer(key, -1, 1 << 20, -1);
  if (size > 0 && size % 16 != 0) config.fail(key, "-1 (whole row) or a multiple of 16");
  return size <= 0 ? 0 : size;
}

QuantizationConfig read_auto_round_config(const JsonObject& config) {
  check_keys(config, auto_round_keys);
  for (const char* key : {"static_kv_dtype", "static_attention_dtype"}) {
    if (config.has(key)) config.fail(key, "null (a quantized cache is not supported)");
  }
  const std::string key =
      config.has("packing_format") || !config.has("backend") ? "packing_format" : "backend";
  const Container container = read_packing(config, key);
  std::vector<QuantizationRule> names, regexes;
  if (config.has("extra_config")) {
    const JsonObject extra = config.object("extra_config");
    for (const auto& [name, value] : extra.json().items()) {
      const JsonObject entry = extra.object(name);
      check_keys(entry, auto_round_module_keys);
      const auto scheme = read_auto_round_scheme(entry, config);
      if (is_regex(name)) {
        regexes.push_back({ModulePattern::regex_search(name), scheme});
      } else {
        names.push_back({ModulePattern::name(name), scheme});
      }
    }
  }
  names.insert(names.end(), regexes.begin(), regexes.end());
  const auto scheme = read_auto_round_scheme(config, config);
  if (container == Container::compressed_tensors && scheme &&
      scheme->weights != Scheme::Weights::nvfp4) {
    config.fail("data_type", "nv_fp in an auto_round:llm_compressor checkpoint");
  }
  std::optional<Scheme> rest = scheme;
  const char* key_of_blocks =
      config.has("block_name_to_quantize") ? "block_name_to_quantize" : "to_quant_block_names";
  if (const Json* blocks = config.find(key_of_blocks)) {
    std::vector<std::string> prefixes;
    add_block_names(*blocks, prefixes);
    for (std::string& prefix : prefixes) {
      names.push_back({ModulePattern::name(std::move(prefix)), scheme});
    }
    rest = std::nullopt;
  }
  return {"auto-round " + escaped(config.text(key, "auto_round:auto_gptq")), container,
          std::move(names), rest};
}

QuantizationConfig read_gptq_config(const JsonObject& config) {
  check_keys(config, gptq_keys);
  check_words(config);
  if (config.integer("bits", 1, 64) != 4) config.fail("bits", "4");
  const Scheme scheme{.weights = Scheme::Weights::int4,
                      .group_size = read_group_size(config, "group_size"),
                      .symmetric = config.flag("sym", true)};
  const char* key = config.has("checkpoint_format") ? "checkpoint_format" : "format";
  const std::string format = config.text(key, "gptq");
  if (format != "gptq" && format != "gptq_v2") config.fail(key, "gptq or gptq_v2");
  std::vector<QuantizationRule> rules;
  if (config.has("dynamic")) {  // GPTQModel: "-:regex" excludes, "+:regex" overrides
    const JsonObject dynamic = config.object("dynamic");
    for (const auto& [name, value] : dynamic.json().items()) {
      const bool excluded = name.starts_with("-:");
      const std::string regex = excluded || name.starts_with("+:") ? name.substr(2) : name;
      const JsonObject entry = dynamic.object(name);
      check_keys(entry, gptq_module_keys);
      if (!excluded && entry.integer("bits", 1, 64, 4) != 4) entry.fail("bits", "4");
      Scheme own = scheme;
      if (entry.has("group_size")) own.group_size = read_group_size(entry, "group_size");
      own.symmetric = entry.flag("sym", scheme.symmetric);
      rules.push_back({ModulePattern::regex_match(regex),
                       excluded ? std::nullopt : std::optional<Scheme>(own)});
    }
  }
  if (!config.has("lm_head") || !config.flag("lm_head")) {
    rules.push_back({ModulePattern::name("lm_head"), std::nullopt});
  }
  QuantizationConfig result("gptq " + format, Container::gptq, std::move(rules), scheme);
  result.set_zero_offset(format == "gptq" ? 1 : 0);
  return result;
}

QuantizationConfig read_awq_config(const JsonObject& config) {
  check_keys(config, awq_keys);
  check_words(config);
  const char* bits = config.has("w_bit") ? "w_bit" : "bits";
  if (config.integer(bits, 1, 64) != 4) config.fail(bits, "4");
  const std::string version = config.text("version", "gemm");
  if (version != "gemm" && version != "GEMM") config.fail("version", "gemm");
  const char* group = config.has("q_group_size") ? "q_group_size" : "group_size";
  const Scheme scheme{.weights = Scheme::Weights::int4,
                      .group_size = read_group_size(config, group),
                      .symmetric = !config.flag("zero_point", true)};
  std::vector<QuantizationRule> rules;
  for (const std::string& name : config.texts("modules_to_not_convert")) {
    rules.push_back({ModulePattern::name(name), std::nullopt});
  }
  return {"awq gemm", Container::awq, std::move(rules), scheme};
}

}  // namespace quantrial
