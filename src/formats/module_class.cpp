#include "formats/module_class.h"

#include <algorithm>

namespace quantrial {
namespace {

constexpr std::array<std::string_view, 12> linears = {
    "q_proj",    "k_proj",      "v_proj",    "o_proj",    "gate_proj", "up_proj",
    "down_proj", "in_proj_qkv", "in_proj_z", "in_proj_a", "in_proj_b", "out_proj"};

}  // namespace

std::string_view last_component(std::string_view module) {
  const size_t dot = module.rfind('.');
  return dot == std::string_view::npos ? module : module.substr(dot + 1);
}

std::string_view module_class(std::string_view module) {
  if (module.starts_with("mtp.")) return "mtp";
  if (module.starts_with("model.visual.") || module.starts_with("visual.")) return "vision";
  const std::string_view last = last_component(module);
  if (const auto* at = std::find(linears.begin(), linears.end(), last); at != linears.end()) {
    return *at;
  }
  if (last == "embed_tokens") return "embedding";
  if (last == "lm_head") return "head";
  if (last.ends_with("norm")) return "norm";
  if (last == "conv1d") return "conv";
  return "other";
}

}  // namespace quantrial
