#include "apps/eval_table.h"

#include <fmt/format.h>

#include <string>

namespace quantrial {
namespace {

using nlohmann::ordered_json;

constexpr auto row = "{:<24} {:>6} {:>4}  {:>20} {:>7} {:>7} {:>8} {:>7} {:>7}\n";

std::string percents(const ordered_json& f) {
  const auto p = [&](const char* key) { return 100 * f.at(key).get<double>(); };
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]", p("value"), p("lo"), p("hi"));
}

std::string at_K(const ordered_json& benchmark, const char* figures) {
  if (!benchmark.contains(figures)) return "-";
  const std::string K = std::to_string(benchmark.at("K").get<int64_t>());
  return fmt::format("{:.1f}", 100 * benchmark[figures].at(K).at("value").get<double>());
}

std::string tokens(const ordered_json& benchmark) {
  const auto& generated = benchmark.at("tokens").at("generated");
  return generated.is_null() ? "-" : fmt::format("{:.0f}", generated.at("value").get<double>());
}

// Per cent of the scored samples with one of these outcomes.
std::string share(const ordered_json& benchmark, std::initializer_list<const char*> outcomes) {
  const ordered_json& counts = benchmark.at("outcomes");
  int64_t with = 0, all = 0;
  for (const char* name :
       {"answered", "truncated_thinking", "truncated_answer", "no_answer", "loop"}) {
    all += counts.at(name).get<int64_t>();
  }
  for (const char* name : outcomes) with += counts.at(name).get<int64_t>();
  return fmt::format("{:.1f}", 100 * static_cast<double>(with) / static_cast<double>(all));
}

}  // namespace

void print_eval_table(const ordered_json& variant, const std::vector<NotRun>& not_run) {
  fmt::print(row, "benchmark", "n", "K", "accuracy, % [95 %]", "pass@K", "maj@K", "tokens",
             "cut, %", "none, %");
  for (const auto& [name, b] : variant.at("benchmarks").items()) {
    if (!b.contains("accuracy")) {
      fmt::print("{:<24} nothing scored\n", name);
      continue;
    }
    fmt::print(row, name, b.at("n").get<int64_t>(), b.at("K").get<int64_t>(),
               percents(b.at("accuracy")), at_K(b, "pass_at"), at_K(b, "maj_at"), tokens(b),
               share(b, {"truncated_thinking", "truncated_answer", "loop"}),
               share(b, {"no_answer"}));
  }
  for (const NotRun& left_out : not_run) {
    fmt::print("{:<24} not run: {}\n", left_out.benchmark, left_out.reason);
  }
  const auto macro = variant.find("macro");
  if (macro == variant.end() || macro->at("benchmarks").get<int64_t>() < 2) return;
  fmt::print(row, fmt::format("mean of {}", macro->at("benchmarks").get<int64_t>()), "", "",
             percents(macro->at("accuracy")), "", "", "", "", "");
}

}  // namespace quantrial
