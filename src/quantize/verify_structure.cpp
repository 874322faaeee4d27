#include "quantize/verify_structure.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/module_class.h"
#include "formats/read_weight.h"
#include "model/inventory.h"
#include "quantize/block_linears.h"
#include "quantize/schemes.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

using Severity = Finding::Severity;

// Compares tensors with what is expected of them.
class Expectations {
 public:
  Expectations(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
               std::vector<Finding>& findings)
      : checkpoint_(checkpoint), quantization_(quantization), findings_(findings) {}

  void matrix(const std::string& module, int64_t rows, int64_t columns) {
    if (tensors_of(checkpoint_, module).empty()) return missing(module + ".weight");
    try {
      const StoredMatrix stored = stored_matrix(checkpoint_, quantization_, module);
      if (stored.rows != rows || stored.columns != columns) {
        wrong(module, shape_text(std::array{stored.rows, stored.columns}),
              shape_text(std::array{rows, columns}));
      }
    } catch (const Error& error) {
      findings_.push_back({Severity::error, "malformed", {module}, error.what()});
    }
  }

  void tensor(const std::string& name, const std::vector<int64_t>& shape) {
    const StoredTensor* stored = checkpoint_.find(name);
    if (stored == nullptr) return missing(name);
    if (stored->shape != shape) wrong(name, stored->shape_text(), shape_text(shape));
  }

 private:
  void missing(const std::string& name) {
    findings_.push_back({Severity::error,
                         "missing_tensor",
                         {name},
                         "config.json asks for it, but no file holds it; export again"});
  }
  void wrong(const std::string& name, const std::string& stored, const std::string& expected) {
    findings_.push_back({Severity::error,
                         "wrong_shape",
                         {name},
                         fmt::format("shape {}, expected {} from config.json; the folder mixes two "
                                     "models?",
                                     stored, expected)});
  }

  const Checkpoint& checkpoint_;
  const QuantizationConfig& quantization_;
  std::vector<Finding>& findings_;
};

void expect_block(Expectations& expect, const ModelConfig& config, const std::string& prefix,
                  MixerKind kind) {
  for (const BlockLinear& linear : block_linears(config, prefix, kind)) {
    expect.matrix(linear.module, linear.rows, linear.columns);
  }
  expect.tensor(prefix + "input_layernorm.weight", {config.hidden_size});
  expect.tensor(prefix + "post_attention_layernorm.weight", {config.hidden_size});
  if (kind == MixerKind::full_attention) {
    expect.tensor(prefix + "self_attn.q_norm.weight", {config.head_dim});
    expect.tensor(prefix + "self_attn.k_norm.weight", {config.head_dim});
    return;
  }
  const std::string mixer = prefix + "linear_attn.";
  expect.tensor(mixer + "conv1d.weight", {config.qkv_rows(), 1, config.linear_conv_kernel_dim});
  expect.tensor(mixer + "A_log", {config.linear_num_value_heads});
  expect.tensor(mixer + "dt_bias", {config.linear_num_value_heads});
  expect.tensor(mixer + "norm.weight", {config.linear_value_head_dim});
}

// Whether an engine cannot do without the module's place in the ignore list. It does for the vision
// tower, and for MTP but in compressed-tensors and ModelOpt files, where vLLM builds the MTP head
// quantized and leaves its weights out or stops (vllm#37667, vllm#41994, vllm#53387). transformers
// passes over what FP8 blocks do not divide.
bool must_be_listed(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                    const std::string& module) {
  const std::string_view kind = module_class(module);
  const Container container = quantization.container();
  if (kind == "vision") return false;
  if (kind == "mtp") {
    return container == Container::compressed_tensors || container == Container::modelopt;
  }
  const auto scheme = quantization.scheme(module);
  if (container != Container::fp8 || !scheme || scheme->block_rows == 0) return true;
  const StoredMatrix stored = stored_matrix(checkpoint, quantization, module);
  return stored.rows % scheme->block_rows == 0 && stored.columns % scheme->block_columns == 0;
}

// Members of a fused group that are there, and what each is stored as.
struct FusedModule {
  struct Member {
    std::string name;
    StoredMatrix stored;
    std::optional<Scheme> scheme;  // of a quantized one, as the config says

    // "int4 g128 symmetric", "bf16"; the format where the config wrongly calls it 16-bit.
    std::string text() const {
      return stored.quantized && scheme ? describe(*scheme) : stored.format;
    }
  };
  std::string name;  // "model.layers.0.mlp.gate_up_proj"
  std::vector<Member> members;

  bool is_quantized() const {  // at least one member
    return std::any_of(members.begin(), members.end(),
                       [](const Member& m) { return m.stored.quantized; });
  }
  bool is_mixed() const {
    return std::any_of(members.begin(), members.end(),
                       [&](const Member& m) { return m.text() != members[0].text(); });
  }
  std::vector<std::string> member_names() const {
    std::vector<std::string> names;
    for (const Member& m : members) names.push_back(m.name);
    return names;
  }
};

// Whether the 16-bit members alone make the mix, and by a shape that the others' format cannot
// hold: what the reference tools write, and transformers loads.
bool is_mixed_by_shape(const FusedModule& fused) {
  const FusedModule::Member* quantized = nullptr;
  for (const auto& m : fused.members) {
    if (!m.stored.quantized) continue;
    if (quantized != nullptr && m.text() != quantized->text()) return false;
    quantized = &m;
  }
  return quantized != nullptr && quantized->scheme &&
         std::all_of(fused.members.begin(), fused.members.end(), [&](const auto& m) {
           return m.stored.quantized ||
                  !shape_reason(*quantized->scheme, m.stored.rows, m.stored.columns).empty();
         });
}

// Whether an engine is known to load wrong weights for a 16-bit fused module whose name alone is
// missing from the list, instead of refusing or finding it by its members
// (docs/decisions/0014-fused-names.md).
bool loads_wrong_weights(const QuantizationConfig& quantization, const FusedModule& fused) {
  const bool all_listed =
      std::all_of(fused.members.begin(), fused.members.end(),
                  [&](const auto& m) { return !quantization.scheme(m.name).has_value(); });
  if (!all_listed) return false;
  if (quantization.container() == Container::modelopt) return true;  // vllm#47445
  return quantization.container() == Container::compressed_tensors &&
         module_class(fused.name) == "mtp";  // sglang#35797
}

FusedModule fused_module(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                         const std::string& parent, const FusedGroup& group) {
  FusedModule fused{.name = parent + std::string(group.fused), .members = {}};
  for (const std::string_view member : group.members) {
    const std::string name = parent + std::string(member);
    if (member.empty() || tensors_of(checkpoint, name).empty()) continue;
    const StoredMatrix stored = stored_matrix(checkpoint, quantization, name);
    fused.members.push_back(
        {name, stored, stored.quantized ? quantization.scheme(name) : std::nullopt});
  }
  return fused;
}

Finding mixed_finding(const FusedModule& fused) {
  std::vector<std::string> texts;
  for (const auto& m : fused.members) texts.push_back(m.text());
  const bool by_shape = is_mixed_by_shape(fused);
  return {
      by_shape ? Severity::warning : Severity::error, "fused_formats", fused.member_names(),
      fmt::format("stored as {}; vLLM and SGLang run them as one module ({}) and load no mix{}; "
                  "quantize all alike, or none",
                  fmt::join(texts, " and "), escaped(fused.name),
                  by_shape ? ", transformers does" : "")};
}

std::vector<FusedModule> fused_modules(const Checkpoint& checkpoint,
                                       const QuantizationConfig& quantization) {
  std::vector<FusedModule> fused;
  for (const std::string& module : matrix_modules(checkpoint)) {
    for (const FusedGroup& group : fused_groups) {
      if (last_component(module) != group.members[0]) continue;
      const std::string parent = module.substr(0, module.size() - group.members[0].size());
      try {
        fused.push_back(fused_module(checkpoint, quantization, parent, group));
      } catch (const Error&) {
        continue;  // a malformed member, which has a finding of its own
      }
    }
  }
  return fused;
}

}  // namespace

void check_tensors(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                   const ModelConfig& config, std::vector<Finding>& findings) {
  Expectations expect(checkpoint, quantization, findings);
  const bool language = checkpoint.find("model.language_model.embed_tokens.weight") != nullptr;
  const std::string prefix = language ? "model.language_model." : "model.";
  expect.matrix(prefix + "embed_tokens", config.vocab_size, config.hidden_size);
  expect.tensor(prefix + "norm.weight", {config.hidden_size});
  if (!config.tie_word_embeddings) {
    expect.matrix("lm_head", config.vocab_size, config.hidden_size);
  }
  for (size_t i = 0; i < config.layer_types.size(); ++i) {
    expect_block(expect, config, fmt::format("{}layers.{}.", prefix, i), config.layer_types[i]);
  }
  const auto mtp = checkpoint.tensors().lower_bound("mtp.");
  const bool has_mtp = mtp != checkpoint.tensors().end() && mtp->first.starts_with("mtp.");
  if (config.mtp_num_hidden_layers == 0 || !has_mtp) return;  // mtp_missing says so
  expect.matrix("mtp.fc", config.hidden_size, 2 * config.hidden_size);
  for (const char* norm : {"pre_fc_norm_embedding", "pre_fc_norm_hidden", "norm"}) {
    expect.tensor(fmt::format("mtp.{}.weight", norm), {config.hidden_size});
  }
  expect_block(expect, config, "mtp.layers.0.", MixerKind::full_attention);
}

void check_inventory(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                     std::vector<Finding>& findings) {
  for (InventoryWarning& warning : take_inventory(checkpoint.dir()).warnings) {
    const std::string& kind = warning.kind;
    if (kind != "not_ignored" && kind != "wrongly_ignored") {
      const bool stops = kind == "mtp_missing" || kind == "head_missing";
      findings.push_back({stops ? Severity::error : Severity::warning, kind,
                          std::move(warning.modules), std::move(warning.detail)});
      continue;
    }
    const auto optional = std::stable_partition(
        warning.modules.begin(), warning.modules.end(),
        [&](const std::string& m) { return must_be_listed(checkpoint, quantization, m); });
    const std::vector<std::string> required(warning.modules.begin(), optional);
    const std::vector<std::string> rest(optional, warning.modules.end());
    if (!required.empty()) findings.push_back({Severity::error, kind, required, warning.detail});
    if (!rest.empty()) findings.push_back({Severity::warning, kind, rest, warning.detail});
  }
}

void check_fused(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                 std::vector<Finding>& findings) {
  if (quantization.container() == Container::none) return;
  std::vector<std::string> unlisted, mistaken;
  for (const FusedModule& fused : fused_modules(checkpoint, quantization)) {
    if (fused.is_mixed()) {
      findings.push_back(mixed_finding(fused));
      continue;
    }
    // The name itself, as engines without a map of fused names look it up.
    if (!fused.is_quantized() && quantization.scheme(fused.name).has_value()) {
      (loads_wrong_weights(quantization, fused) ? mistaken : unlisted).push_back(fused.name);
    }
  }
  if (!mistaken.empty()) {
    findings.push_back({Severity::error, "fused_name_not_listed", mistaken,
                        "16-bit, but only the members' names are in the ignore list; engines then "
                        "load wrong weights without a word (sglang#35797, vllm#47445); add it"});
  }
  if (!unlisted.empty()) {
    findings.push_back({Severity::warning, "fused_name_not_listed", unlisted,
                        "16-bit, but only the members' names are in the ignore list; engines that "
                        "do not know which modules they fuse look for this one (vllm#40252, "
                        "sglang#35797); add it"});
  }
}

}  // namespace quantrial
