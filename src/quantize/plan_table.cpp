#include "quantize/plan_table.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "base/name_list.h"
#include "quantize/fused_schemes.h"

namespace quantrial {
namespace {

constexpr double MB = 1e6;

int64_t bytes_before(const PlannedModule& module) {
  return static_cast<int64_t>(module.tensor->bytes.size());
}

std::string quantized_line(const PlannedModule& module) {
  return fmt::format("{}  {}  {}: {}, {} -> {} bytes\n", escaped(module.name), module.class_name,
                     module.tensor->shape_text(), describe(*module.scheme), bytes_before(module),
                     module.bytes_after);
}

struct Kept {
  int64_t tensors = 0, bytes = 0;
};

}  // namespace

bool is_asked_for(const std::string& reason) {
  return reason.starts_with("keep: ") || reason.starts_with("override: ");
}

std::string plan_table(const Plan& plan) {
  std::string text;
  std::map<std::string, Kept> kept;
  for (const PlannedModule& module : plan.modules) {
    if (module.quantized()) {
      text += quantized_line(module);
      continue;
    }
    Kept& same = kept[module.dropped ? "dropped" : "as it is: " + module.reason];
    same.tensors += 1;
    same.bytes += bytes_before(module);
  }
  for (const auto& [what, same] : kept) {
    text += fmt::format("{} tensors, {:.2f} MB {}\n", same.tensors,
                        static_cast<double>(same.bytes) / MB, what);
  }
  if (const std::string mixed = mixed_by_shape(plan); !mixed.empty()) text += mixed + "\n";
  text += fmt::format("{:.2f} -> {:.2f} MB, {:.2f} bits per weight, {} files\n",
                      static_cast<double>(plan.bytes_before) / MB,
                      static_cast<double>(plan.bytes_after) / MB, plan.bits_per_weight(),
                      plan.shards.size());
  return text;
}

std::vector<std::string> kept_linears(const Plan& plan) {
  std::map<std::string, std::vector<std::string>> names;  // by reason
  for (const auto* blocks : {&plan.blocks, &plan.mtp_blocks}) {
    for (const PlannedBlock& block : *blocks) {
      for (const size_t i : block.modules) {
        const PlannedModule& module = plan.modules[i];
        if (!module.quantized()) names[module.reason].push_back(module.name);
      }
    }
  }
  std::vector<std::string> lines;
  for (const auto& [reason, modules] : names) {
    std::string& line = lines.emplace_back(
        fmt::format("{} Linears stay 16-bit: {}", modules.size(), escaped(reason)));
    if (!is_asked_for(reason)) line += ": " + name_list(modules);
  }
  if (std::string mixed = mixed_by_shape(plan); !mixed.empty()) lines.push_back(std::move(mixed));
  return lines;
}

}  // namespace quantrial
