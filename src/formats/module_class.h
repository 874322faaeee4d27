// The modules of the family by what they do, and which of them engines fuse into one Linear.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace quantrial {

// Members share their input; engines run them as one Linear (vLLM qwen3_5.py, weight mapper;
// formats.md section 0).
struct FusedGroup {
  std::string_view fused;
  std::array<std::string_view, 3> members;  // empty names at the end
};
inline constexpr std::array fused_groups = {
    FusedGroup{"qkv_proj", {"q_proj", "k_proj", "v_proj"}},
    FusedGroup{"gate_up_proj", {"gate_proj", "up_proj", ""}},
    FusedGroup{"in_proj_qkvz", {"in_proj_qkv", "in_proj_z", ""}},
    FusedGroup{"in_proj_ba", {"in_proj_b", "in_proj_a", ""}},
};

// "q_proj", ..., "down_proj", "in_proj_qkv", ..., "out_proj" for Linears of the layers, else
// "embedding", "head", "norm", "conv", "mtp", "vision" or "other" (A_log, dt_bias). `module` is a
// tensor's name without ".weight".
std::string_view module_class(std::string_view module);

// The last component: "q_proj" of "model.layers.3.self_attn.q_proj".
std::string_view last_component(std::string_view module);

}  // namespace quantrial
