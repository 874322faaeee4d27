#include "study/describe_variant.h"

#include <map>
#include <set>

#include "model/inventory.h"
#include "study/parts.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

// "linear_attn.in_proj_a" of "model.language_model.layers.3.linear_attn.in_proj_a".
std::string within_block(const std::string& module) {
  const size_t at = module.find(".layers.");
  const size_t dot = at == std::string::npos ? at : module.find('.', at + 8);
  return dot == std::string::npos ? module : module.substr(dot + 1);
}

ordered_json by_class(const Inventory& inventory) {
  struct Sum {
    int64_t modules = 0, parameters = 0, bytes = 0;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const ModuleEntry& module : inventory.modules) {
    Sum& sum = sums[{std::string(module.class_name), module.format}];
    ++sum.modules;
    sum.parameters += module.parameters;
    sum.bytes += module.bytes;
  }
  auto rows = ordered_json::array();
  for (const auto& [of, sum] : sums) {
    rows.push_back({{"class", of.first},
                    {"format", of.second},
                    {"modules", sum.modules},
                    {"parameters", sum.parameters},
                    {"bytes", sum.bytes}});
  }
  return rows;
}

// Matrices of the blocks that stay 16-bit, each name once.
std::vector<std::string> kept_matrices(const Inventory& inventory) {
  std::set<std::string> kept;
  for (const ModuleEntry& module : inventory.modules) {
    const bool in_block = module.name.find(".layers.") != std::string::npos;
    const bool of_mtp = module.name.rfind("mtp.", 0) == 0;
    if (!module.quantized && in_block && !of_mtp && module.shape.size() == 2 &&
        module.class_name != "conv") {
      kept.insert(within_block(module.name));
    }
  }
  return {kept.begin(), kept.end()};
}

std::string kind(const StudyContext& context, const StudyVariant& variant) {
  switch (variant.source) {
    case VariantSource::recipe:
      return "recipe";
    case VariantSource::checkpoint:
      return "checkpoint";
    case VariantSource::endpoint:
      return "endpoint";
    case VariantSource::base:
      break;
  }
  if (!variant.is_base()) return "checkpoint";
  return &variant == &context.study.reference() ? "base" : "control";
}

std::string calibration_of(const StudyContext& context, const Recipe& recipe) {
  if (!recipe.needs_calibration()) return "none";
  const std::string texts = context.study.calibration.empty()
                                ? "the shipped texts"
                                : context.study.calibration.filename().string();
  return fmt::format("{}, {} sequences of {} tokens", texts, recipe.parameters.samples,
                     recipe.parameters.sequence_length);
}

// As recipes spell them.
const char* activations_of(Scheme::Inputs inputs) {
  switch (inputs) {
    case Scheme::Inputs::fp8_dynamic:
      return "fp8-dynamic";
    case Scheme::Inputs::fp8_static:
      return "fp8-static";
    case Scheme::Inputs::nvfp4_local:
      return "nvfp4-local";
    case Scheme::Inputs::unquantized:
      break;
  }
  return "none";
}

void say_recipe(const StudyContext& context, const Recipe& recipe, ordered_json& json) {
  const ordered_json spelled = as_json(recipe);
  json["recipe"] = recipe.name;
  json["description"] = recipe.description;
  json["algorithm"] = name(recipe.method);
  json["settings"] = ordered_json::object();
  if (recipe.method == Method::auto_round) {
    json["settings"] = {{"iters", recipe.parameters.iters}, {"batch", recipe.parameters.batch}};
  } else if (recipe.method == Method::awq) {
    json["settings"] = {{"grid", recipe.parameters.grid}};
  }
  if (spelled.contains("fused_scales")) json["settings"]["fused_scales"] = spelled["fused_scales"];
  json["mtp_policy"] = name(recipe.mtp);
  json["calibration"] = calibration_of(context, recipe);
  if (!recipe.stands_for.empty()) json["stands_for"] = recipe.stands_for;
  if (!recipe.differs.empty()) json["differs"] = recipe.differs;
  json["scheme"] = spelled["scheme"];
  json["activations"] = activations_of(recipe.scheme.inputs);
}

void say_inventory(const Inventory& inventory, ordered_json& json) {
  json["format"] = inventory.format;
  json["kept"] = kept_matrices(inventory);
  json["mtp"] = inventory.mtp_format;
  auto warnings = ordered_json::array();
  for (const InventoryWarning& warning : inventory.warnings) {
    warnings.push_back({{"kind", warning.kind}, {"detail", warning.detail}});
  }
  json["warnings"] = warnings;
}

// What was measured of other weights under this name says nothing of these.
void forget_others(StudyContext& context, const StudyVariant& variant) {
  const std::string identity = fingerprint(context.model(variant));
  MeasurementStore& store = context.measurements;
  if (store.find(MeasurementTable::variants, variant.name, parts::weights, identity)) return;
  for (const MeasurementTable table : {MeasurementTable::fidelity, MeasurementTable::speed,
                                       MeasurementTable::memory, MeasurementTable::divergence}) {
    for (const Measurement& m : store.all(table, variant.name)) {
      store.remove(table, variant.name, m.part);
    }
  }
  store.put(MeasurementTable::variants,
            {variant.name, parts::weights, identity, ordered_json::object()});
}

}  // namespace

void describe_variant(StudyContext& context, const StudyVariant& variant) {
  ordered_json json = {{"kind", kind(context, variant)}};
  if (variant.nvfp4_global_scale != Nvfp4GlobalScale::as_written) {
    json["load"] = {{"nvfp4_global_scale", name(variant.nvfp4_global_scale)}};
  }
  if (variant.head == HeadStorage::fp8) json["load"]["head_bits"] = 8;
  if (variant.activations != ActivationMode::as_stored) {
    json["load"]["activations"] = name(variant.activations);
  }
  if (variant.seed) json["seed"] = *variant.seed;
  if (variant.recipe) say_recipe(context, *variant.recipe, json);
  if (context.is_served(variant)) {
    json["served_at"] = variant.addresses;
    if (variant.model) json["model"] = *variant.model;
  } else {
    forget_others(context, variant);
    const Inventory inventory = take_inventory(context.checkpoint(variant));
    say_inventory(inventory, json);
    context.measurements.put(MeasurementTable::size,
                             {variant.name,
                              "",
                              "",
                              {{"bytes", inventory.bytes},
                               {"parameters", inventory.parameters},
                               {"bits_per_weight", inventory.bits_per_weight()},
                               {"by_class", by_class(inventory)}}});
  }
  context.measurements.put(MeasurementTable::variants, {variant.name, parts::about, "", json});
}

}  // namespace quantrial
