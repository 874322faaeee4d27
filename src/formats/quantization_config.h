// What config.json says about quantization: which scheme each module was stored with. The tensors
// that are present decide whether a module is quantized at all (read_weight.h); this decides how
// they are read. formats.md A.1-A.7.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "formats/module_pattern.h"
#include "formats/scheme.h"

namespace quantrial {

// Modules that `pattern` means are stored by `scheme`, or stay 16-bit when it is empty.
struct QuantizationRule {
  ModulePattern pattern;
  std::optional<Scheme> scheme;
};

class QuantizationConfig {
 public:
  // From config.json (quantization_config there or in text_config), else quantization_config.json
  // or hf_quant_config.json beside it; a checkpoint without any is unquantized. Throws Error naming
  // the key and the value of what is malformed or not supported.
  static QuantizationConfig read(const std::filesystem::path& model_dir);

  QuantizationConfig() = default;  // unquantized
  // The first rule that matches counts; `rest` is for modules that none matches.
  QuantizationConfig(std::string name, Container container, std::vector<QuantizationRule> rules,
                     std::optional<Scheme> rest);

  // "unquantized", "compressed-tensors nvfp4-pack-quantized", "auto-round auto_round:auto_gptq",
  // ...
  const std::string& name() const { return name_; }
  Container container() const { return container_; }
  // gptq: what a stored zero point lacks (1; 0 in checkpoint_format gptq_v2).
  int zero_offset() const { return zero_offset_; }
  void set_zero_offset(int offset) { zero_offset_ = offset; }

  // modelopt: the type that the engines should keep keys and values in, "FP8"; "" when it is
  // silent.
  const std::string& kv_cache() const { return kv_cache_; }
  void set_kv_cache(std::string type) { kv_cache_ = std::move(type); }

  // What the config prescribes for `module`; nothing when it stays 16-bit.
  std::optional<Scheme> scheme(const std::string& module) const;
  // How quantized tensors of `module` are read: scheme(module), or, where the config wrongly calls
  // it 16-bit, the one scheme it has for such weights. Nothing when none fits or several would.
  std::optional<Scheme> scheme_for(const std::string& module, Scheme::Weights weights) const;

 private:
  std::string name_ = "unquantized";
  Container container_ = Container::none;
  std::vector<QuantizationRule> rules_;
  std::optional<Scheme> rest_;
  int zero_offset_ = 1;
  std::string kv_cache_;
};

}  // namespace quantrial
