#include "quantize/fused_schemes.h"

#include <algorithm>

#include "base/error.h"
#include "base/name_list.h"
#include "formats/module_class.h"
#include "quantize/plan_table.h"

namespace quantrial {
namespace {

std::string scheme_text(const PlannedModule& module) {
  if (module.scheme) return describe(*module.scheme);
  return is_asked_for(module.reason) ? fmt::format("16-bit ({})", module.reason) : "16-bit";
}

// Members of each fused module of the block.
struct FusedMembers {
  std::string name;  // "model.layers.0.mlp.gate_up_proj"
  std::vector<const PlannedModule*> members;

  // Those for which the recipe wants the same as for the first that is `wanted`.
  bool agree(const auto& wanted) const {
    const auto first = std::find_if(members.begin(), members.end(), wanted);
    return std::all_of(first, members.end(), [&](const PlannedModule* m) {
      return !wanted(m) || m->scheme == (*first)->scheme;
    });
  }
};

std::vector<FusedMembers> fused_of(const Plan& plan, const PlannedBlock& block) {
  std::vector<FusedMembers> fused;
  for (const FusedGroup& group : fused_groups) {
    FusedMembers found;
    for (const size_t i : block.modules) {
      const PlannedModule& module = plan.modules[i];
      const std::string_view last = last_component(module.name);
      if (std::find(group.members.begin(), group.members.end(), last) == group.members.end()) {
        continue;
      }
      found.name = module.name.substr(0, module.name.size() - last.size()).append(group.fused);
      found.members.push_back(&module);
    }
    if (!found.members.empty()) fused.push_back(std::move(found));
  }
  return fused;
}

// 16-bit because of its shape, whatever the recipe says.
bool cannot_be_held(const PlannedModule* module) {
  return !module->quantized() && !is_asked_for(module->reason);
}

}  // namespace

void check_fused_schemes(const Plan& plan, const PlannedBlock& block) {
  for (const FusedMembers& fused : fused_of(plan, block)) {
    if (fused.agree([](const PlannedModule* m) { return !cannot_be_held(m); })) continue;
    std::vector<std::string> texts;
    for (const PlannedModule* m : fused.members) {
      texts.push_back(fmt::format("{} {}", last_component(m->name), scheme_text(*m)));
    }
    throw Error(
        "recipe {}: {}: {}; vLLM and SGLang run them as one module and load no mix: give them all "
        "one scheme, or keep them all",
        plan.recipe.name, escaped(fused.name),
        escaped(fmt::format("{}", fmt::join(texts, " and "))));
  }
}

std::string mixed_by_shape(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto* blocks : {&plan.blocks, &plan.mtp_blocks}) {
    for (const PlannedBlock& block : *blocks) {
      for (const FusedMembers& fused : fused_of(plan, block)) {
        if (!fused.agree([](const PlannedModule*) { return true; })) names.push_back(fused.name);
      }
    }
  }
  if (names.empty()) return {};
  return fmt::format(
      "warning: {} hold Linears that stay 16-bit by their shape beside quantized ones: "
      "transformers loads that, vLLM and SGLang do not; keep the others too to load it there",
      name_list(names));
}

}  // namespace quantrial
