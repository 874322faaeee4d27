#include "quantize/module_log.h"

#include <algorithm>

#include "base/error.h"

namespace quantrial {
namespace {

std::string shown_error(double error) { return fmt::format("{:.2e}", error); }

std::string shown_time(double seconds) {
  if (seconds < 0.01) return fmt::format("{:.2f} ms", seconds * 1e3);
  if (seconds < 0.1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 100) return fmt::format("{:.2f} s", seconds);
  return fmt::format("{:.0f} s", seconds);
}

std::string without_last(const std::string& prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

// What the names of a file's quantized modules begin with: the block they are in.
std::string prefix_of(const Plan& plan, const PlannedShard& shard) {
  return shard.block ? plan.blocks[*shard.block].prefix : "";
}

}  // namespace

size_t ModuleLog::name_width() const {
  size_t width = 0;
  for (const PlannedShard& shard : plan_.shards) {
    const size_t prefix = prefix_of(plan_, shard).size();
    for (const size_t i : shard.modules) {
      const PlannedModule& module = plan_.modules[i];
      if (module.quantized()) width = std::max(width, escaped(module.name.substr(prefix)).size());
    }
  }
  return width;
}

size_t ModuleLog::scheme_width() const {
  size_t width = 6;
  for (const PlannedModule& module : plan_.modules) {
    if (module.quantized()) width = std::max(width, describe(*module.scheme).size());
  }
  return width;
}

std::string ModuleLog::line(const Row& row) const {
  std::string text = fmt::format("  {:<{}}  {:<{}}", row.name, std::max<size_t>(name_width(), 12),
                                 row.scheme, scheme_width());
  if (tunes()) text += fmt::format("  {:>8}", row.before);
  return text + fmt::format("  {:>8}  {:>9}", row.after, row.time);
}

std::vector<std::string> ModuleLog::head() const {
  if (!tunes()) {
    return {"error: of the weights, |W' - W|^2 / |W|^2 (spread over rows of large matrices)",
            line({"module", "scheme", "", "error", "time"})};
  }
  std::vector<std::string> lines = {
      "error: of weights |W' - W|^2 / |W|^2, of a block |y' - y|^2 / |y - x|^2 over the "
      "calibration set;",
      "  before: rounded to nearest. Tuning is for the block: weights alone may end further away."};
  if (plan_.recipe.method == Method::awq) {
    lines.push_back("  After AWQ, W is the weights as it rescaled them.");
  }
  lines.push_back("~ Linears are tuned together: a share of the time by their weights.");
  lines.push_back(line({"module", "scheme", "before", "after", "time"}));
  return lines;
}

ModuleLog::Row ModuleLog::row(const PlannedModule& module, const ModuleFigures& figures,
                              const std::string& prefix) const {
  return {escaped(module.name.substr(prefix.size())), describe(*module.scheme),
          shown_error(figures.rounded_error.value_or(figures.weight_error)),
          shown_error(figures.weight_error),
          (figures.rounded_error ? "~" : "") + shown_time(figures.seconds)};
}

std::vector<std::string> ModuleLog::rows(const PlannedShard& shard, const MadeBlock& made,
                                         double seconds) const {
  std::vector<std::string> lines;
  if (made.figures.empty()) return lines;
  const std::string prefix = prefix_of(plan_, shard);
  lines.push_back(prefix.empty() ? escaped(shard.file) : escaped(without_last(prefix)));
  for (const auto& [i, figures] : made.figures) {
    lines.push_back(line(row(plan_.modules[i], figures, prefix)));
  }
  Row whole{.name = "whole", .scheme = {}, .before = {}, .after = {}, .time = shown_time(seconds)};
  if (made.error) {
    whole.name = "whole block";
    whole.before = shown_error(made.error->first);
    whole.after = shown_error(made.error->second);
  }
  lines.push_back(line(whole));
  for (const auto& [i, figures] : made.figures) {
    if (figures.zero_groups == 0) continue;
    lines.push_back(fmt::format(
        "  {}: {} of {} groups are zeros in the base model",
        escaped(plan_.modules[i].name.substr(prefix.size())),
        figures.zero_groups == figures.groups ? "all" : std::to_string(figures.zero_groups),
        figures.groups));
  }
  for (const std::string& note : made.notes) lines.push_back("  " + note);
  return lines;
}

nlohmann::ordered_json as_json(const ModuleFigures& figures) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (figures.rounded_error) json["weight_error_before"] = *figures.rounded_error;
  json["weight_error"] = figures.weight_error;
  if (figures.zero_groups > 0) json["zero_groups"] = figures.zero_groups;
  json["seconds"] = figures.seconds;
  return json;
}

}  // namespace quantrial
