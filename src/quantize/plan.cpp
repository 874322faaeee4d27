#include "quantize/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "formats/module_class.h"
#include "formats/quantization_config.h"
#include "model/weights.h"
#include "quantize/base_check.h"
#include "quantize/fused_schemes.h"
#include "quantize/plan_table.h"
#include "quantize/schemes.h"
#include "tensor/json.h"

namespace quantrial {
namespace {

std::string module_name(const std::string& tensor) {
  return tensor.ends_with(".weight") ? tensor.substr(0, tensor.size() - 7) : tensor;
}

void check_unquantized(const Checkpoint& base) {
  const QuantizationConfig config = QuantizationConfig::read(base.dir());
  if (config.container() != Container::none) {
    throw Error("{}: quantized already ({}); give the BF16 checkpoint, or dequantize this one",
                shown(base.dir()), config.name());
  }
}

// Why a tensor is not for quantization, by what it is.
std::string_view reason_of_class(std::string_view class_name, const std::string& name) {
  if (class_name == "head") return "output head";
  if (class_name == "embedding") return "embedding";
  if (class_name == "norm") return "norm";
  if (class_name == "conv") return "convolution";
  if (class_name == "vision") return "vision tower";
  if (class_name == "mtp") return name == "mtp.fc" ? "mtp.fc stays" : "MTP head";
  return "no Linear";
}

class Planner {
 public:
  Planner(const Checkpoint& base, const Recipe& recipe) : base_(base) {
    plan_.model = read_model_config(base.dir());
    plan_.recipe = recipe;
  }

  Plan make() {
    list_modules();
    prefix_ = decoder_prefix(base_);
    plan_.embedding = prefix_ + "embed_tokens";
    for (size_t i = 0; i < plan_.model.layer_types.size(); ++i) {
      plan_.blocks.push_back(
          block(fmt::format("{}layers.{}.", prefix_, i), plan_.model.layer_types[i]));
    }
    plan_mtp();
    check_recipe_was_used();
    count();
    make_shards();
    return std::move(plan_);
  }

 private:
  void list_modules() {
    for (const auto& [name, tensor] : base_.tensors()) {
      PlannedModule module;
      module.name = module_name(name);
      module.class_name = module_class(module.name);
      module.tensor = tensor;
      module.reason = reason_of_class(module.class_name, module.name);
      place_[name] = plan_.modules.size();
      plan_.modules.push_back(std::move(module));
    }
  }

  PlannedModule& module(const BlockLinear& linear) {
    const auto found = place_.find(linear.module + ".weight");
    if (found == place_.end()) {
      throw Error("{}: no tensor {}.weight; the checkpoint is incomplete", shown(base_.dir()),
                  linear.module);
    }
    PlannedModule& module = plan_.modules[found->second];
    const std::vector<int64_t> shape = {linear.rows, linear.columns};
    if (module.tensor->shape != shape) {
      throw Error("{}.weight: shape {}, config.json gives [{}, {}]; correct one of them",
                  linear.module, module.tensor->shape_text(), linear.rows, linear.columns);
    }
    return module;
  }

  PlannedBlock block(const std::string& prefix, MixerKind kind) {
    PlannedBlock block{prefix, kind, block_linears(plan_.model, prefix, kind), {}};
    for (const BlockLinear& linear : block.linears) {
      PlannedModule& planned = module(linear);
      block.modules.push_back(static_cast<size_t>(&planned - plan_.modules.data()));
      decide(planned, linear);
    }
    check_fused_schemes(plan_, block);
    share_scales(block);
    return block;
  }

  void decide(PlannedModule& module, const BlockLinear& linear) {
    const Recipe& recipe = plan_.recipe;
    for (size_t i = 0; i < recipe.keep_patterns.size(); ++i) {
      if (recipe.keep_patterns[i].matches(module.name)) {
        module.reason = "keep: " + recipe.keep[i];
        return;
      }
    }
    std::optional<Scheme> scheme = recipe.scheme;
    for (size_t i = 0; i < recipe.overrides.size(); ++i) {
      if (!recipe.overrides[i].pattern.matches(module.name)) continue;
      used_overrides_.insert(i);
      scheme = recipe.overrides[i].scheme;
      module.reason = "override: " + recipe.overrides[i].match;
      break;
    }
    if (!scheme) return;
    if (std::string reason = shape_reason(*scheme, linear.rows, linear.columns); !reason.empty()) {
      module.reason = reason;
      return;
    }
    check_shape(*scheme, linear);
    if (module.tensor->dtype != DType::bf16) {
      throw Error("{}.weight: {}, quantize takes BF16 weights; convert the checkpoint", module.name,
                  name(module.tensor->dtype));
    }
    module.scheme = scheme;
    module.reason.clear();
  }

  static void check_shape(const Scheme& scheme, const BlockLinear& linear) {
    if (scheme.group_size == 0 || linear.columns % scheme.group_size == 0) return;
    throw Error(
        "{}: {} columns are no multiple of the group size {}; add it to keep, or choose "
        "another {}",
        linear.module, linear.columns, scheme.group_size,
        scheme.weights == Scheme::Weights::int4 ? "group_size" : "format");
  }

  // formats.md E.1. `shared` follows the construction of the block; `llm_compressor` its
  // FUSED_LAYER_NAMES.
  void share_scales(const PlannedBlock& block) {
    std::map<std::string, int> numbers;
    for (size_t i = 0; i < block.linears.size(); ++i) {
      PlannedModule& module = plan_.modules[block.modules[i]];
      if (!module.scheme || module.scheme->weights != Scheme::Weights::nvfp4) continue;
      std::string key = fmt::format("input {}", block.linears[i].input);
      if (plan_.recipe.fused_scales == FusedScales::llm_compressor) {
        const std::string_view last =
            module.class_name == "mtp" ? last_component(module.name) : module.class_name;
        const bool qkv = last == "q_proj" || last == "k_proj" || last == "v_proj";
        const bool gate_up = last == "gate_proj" || last == "up_proj";
        if (!qkv && !gate_up) key = module.name;
      }
      const auto [at, fresh] = numbers.emplace(key, next_group_);
      if (fresh) ++next_group_;
      module.scale_group = at->second;
    }
  }

  void plan_mtp() {
    const MtpPolicy policy = plan_.recipe.mtp;
    if (policy == MtpPolicy::drop) {
      for (PlannedModule& module : plan_.modules) {
        if (module.class_name != "mtp") continue;
        module.dropped = true;
        module.reason = "mtp: drop";
      }
      return;
    }
    for (int64_t i = 0; i < plan_.model.mtp_num_hidden_layers; ++i) {
      if (!place_.contains("mtp.fc.weight")) {
        throw Error(
            "{}: config.json names {} MTP layer, but there is no mtp.fc.weight; complete "
            "the checkpoint, or --set mtp=drop",
            shown(base_.dir()), plan_.model.mtp_num_hidden_layers);
      }
      if (policy == MtpPolicy::same) {
        plan_.mtp_blocks.push_back(
            block(fmt::format("mtp.layers.{}.", i), MixerKind::full_attention));
      }
    }
  }

  void check_recipe_was_used() {
    for (size_t i = 0; i < plan_.recipe.overrides.size(); ++i) {
      if (used_overrides_.contains(i)) continue;
      throw Error(
          "recipe {}: overrides[{}].match: {}; it matches no Linear of {}; correct or "
          "remove it",
          plan_.recipe.name, i, escaped(plan_.recipe.overrides[i].match), shown(base_.dir()));
    }
    check_keep_was_used();
    const auto quantized = [](const PlannedModule& m) { return m.quantized(); };
    if (std::none_of(plan_.modules.begin(), plan_.modules.end(), quantized)) {
      throw Error(
          "recipe {}: it quantizes no module of {} ({}); keep less, or choose another format",
          plan_.recipe.name, shown(base_.dir()),
          escaped(fmt::format("{}", fmt::join(kept_linears(plan_), "; ")), 300));
    }
  }

  // Entries for what stays 16-bit anyway ("lm_head", "mtp.fc") have their right.
  void check_keep_was_used() {
    for (size_t i = 0; i < plan_.recipe.keep.size(); ++i) {
      const ModulePattern& pattern = plan_.recipe.keep_patterns[i];
      if (std::any_of(plan_.modules.begin(), plan_.modules.end(),
                      [&](const PlannedModule& m) { return pattern.matches(m.name); })) {
        continue;
      }
      throw Error("recipe {}: keep[{}]: {}; it matches no module of {}; correct or remove it",
                  plan_.recipe.name, i, escaped(plan_.recipe.keep[i]), shown(base_.dir()));
    }
  }

  void count() {
    for (PlannedModule& module : plan_.modules) {
      const auto bytes = static_cast<int64_t>(module.tensor->bytes.size());
      const std::vector<int64_t>& shape = module.tensor->shape;
      module.bytes_after = module.dropped ? 0 : bytes;
      if (module.scheme) {
        module.bytes_after =
            stored_bytes(*module.scheme, plan_.recipe.container, shape[0], shape[1]);
      }
      plan_.bytes_before += bytes;
      plan_.bytes_after += module.bytes_after;
      plan_.parameters += module.dropped ? 0 : module.tensor->elements();
    }
  }

  // One file a block; before them what the first block reads, after them all the rest.
  void make_shards() {
    std::vector<PlannedShard> shards(plan_.blocks.size() + 4);
    const size_t tail = plan_.blocks.size() + 1, vision = tail + 1, mtp = vision + 1;
    for (size_t i = 0; i < plan_.blocks.size(); ++i) shards[i + 1].block = i;
    for (size_t i = 0; i < plan_.modules.size(); ++i) {
      const PlannedModule& module = plan_.modules[i];
      if (module.dropped) continue;
      size_t shard = tail;
      if (module.class_name == "embedding") shard = 0;
      if (module.class_name == "vision") shard = vision;
      if (module.class_name == "mtp") shard = mtp;
      if (const auto block = block_of(module.name)) shard = *block + 1;
      shards[shard].modules.push_back(i);
    }
    std::erase_if(shards, [](const PlannedShard& s) { return s.modules.empty(); });
    for (size_t i = 0; i < shards.size(); ++i) {
      shards[i].file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    }
    plan_.shards = std::move(shards);
  }

  std::optional<size_t> block_of(const std::string& name) const {
    const std::string start = prefix_ + "layers.";
    if (!name.starts_with(start)) return std::nullopt;
    size_t number = 0, at = start.size();
    for (; at < name.size() && name[at] >= '0' && name[at] <= '9' && number < 1'000'000; ++at) {
      number = number * 10 + static_cast<size_t>(name[at] - '0');
    }
    if (at == start.size() || at == name.size() || name[at] != '.') return std::nullopt;
    if (number >= plan_.blocks.size()) return std::nullopt;
    return number;
  }

  const Checkpoint& base_;
  Plan plan_;
  std::string prefix_;
  std::map<std::string, size_t> place_;  // of a tensor in Plan::modules
  std::set<size_t> used_overrides_;
  int next_group_ = 0;
};

}  // namespace

int64_t stored_bytes(const Scheme& scheme, OutputContainer container, int64_t N, int64_t K) {
  const bool compressed = container == OutputContainer::compressed_tensors;
  switch (scheme.weights) {
    case Scheme::Weights::fp8: {
      const int64_t blocks = (N + scheme.block_rows - 1) / scheme.block_rows *
                             ((K + scheme.block_columns - 1) / scheme.block_columns);
      return N * K + blocks * (compressed ? 2 : 4);
    }
    case Scheme::Weights::nvfp4:
      return N * K / 2 + N * K / 16 + 4 + (scheme.inputs == Scheme::Inputs::nvfp4_local ? 4 : 0);
    case Scheme::Weights::int4:
      break;
  }
  const int64_t groups = K / scheme.group_size;
  const int64_t codes_and_scales = N * K / 2 + 2 * N * groups;
  if (!compressed) return codes_and_scales + groups * N / 2;
  const int64_t zeros = scheme.symmetric ? 0 : (N + 7) / 8 * 4 * groups;
  return codes_and_scales + zeros + 16;
}

Plan make_plan(const Checkpoint& base, const Recipe& recipe) {
  check_unquantized(base);
  Plan plan = Planner(base, recipe).make();
  check_complete(base, recipe.mtp);
  return plan;
}

}  // namespace quantrial
