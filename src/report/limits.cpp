// What this report does not show.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "report/sections.h"

namespace quantrial::report {
namespace {

constexpr std::string_view target = "Qwen3.6-27B";  // what the project is for (product.md)

void add_undecided(const Results& results, std::vector<std::string>& limits) {
  std::vector<std::string> macro;
  size_t cells = 0, compared = 0;
  for (const Variant& v : results.variants()) {
    if (text(v.at({"macro", "delta", "verdict"})) == "undecided") macro.push_back(v.name);
  }
  for (const Asked& a : all_asked(results)) {
    const std::string verdict = text(at(a.figures, {"delta", "verdict"}));
    compared += verdict.empty() ? 0 : 1;
    cells += verdict == "undecided" ? 1 : 0;
  }
  if (!macro.empty()) {
    limits.push_back("Undecided over all benchmarks: " + joined(macro) +
                     ". That is no finding of equality.");
  }
  if (cells > 0) {
    limits.push_back(fmt::format("Undecided by benchmark: {} of {} comparisons (grey, not ranked).",
                                 cells, compared));
  }
}

void add_not_measured(const Results& results, std::vector<std::string>& limits) {
  for (const auto& [part, what] : {std::pair<const char*, const char*>{"size", "size"},
                                   {"fidelity", "fidelity"},
                                   {"speed", "speed"},
                                   {"memory", "memory"},
                                   {"mtp", "MTP"}}) {
    std::vector<std::string> served, others;
    for (const Variant& v : results.variants()) {
      const bool absent = v.at({part}).is_null();
      const bool needs_no = std::string_view(part) == "fidelity" && results.is_base(v);
      if (!absent || needs_no || v.failed()) continue;
      (v.served() ? served : others).push_back(v.name);
    }
    const size_t all = results.variants().size();
    const auto of = [&](const std::vector<std::string>& names) {
      return names.size() == all ? std::string("any variant") : joined(names);
    };
    if (!served.empty()) {
      limits.push_back(fmt::format("The {} of {}: {}.", what, of(served), served_over_http));
    }
    if (!others.empty()) {
      limits.push_back(fmt::format("The {} of {} was not measured.", what, of(others)));
    }
  }
}

}  // namespace

Section limits_section(const Results& results) {
  Section section{"limits", "Honest limits"};
  std::vector<std::string> limits;
  const std::string base = text(results.at({"study", "base", "folder"}));
  if (std::filesystem::path(base).filename().string().find(target) == std::string::npos) {
    limits.push_back(fmt::format("Not run on {}: nothing here is evidence about it.", target));
  }
  const std::string note = text(results.at({"study", "base", "note"}));
  if (!note.empty()) limits.push_back(note);
  add_undecided(results, limits);
  for (const Variant& v : results.variants()) {
    if (!v.failed()) continue;
    limits.push_back(fmt::format("{} failed at {}: {}", v.name, text(v.at({"failed", "stage"})),
                                 text(v.at({"failed", "reason"}))));
  }
  for (const std::string& line : not_run(results)) limits.push_back("Not run: " + line);
  add_not_measured(results, limits);
  const bool attributed =
      std::any_of(results.variants().begin(), results.variants().end(),
                  [](const Variant& v) { return !v.at({"attribution"}).is_null(); });
  if (!attributed) limits.push_back("Attribution was not run, so causes are not known.");
  const std::string full = text(results.at({"study", "full_run", "description"}));
  const auto seconds = number(results.at({"study", "full_run", "seconds"}));
  if (!full.empty()) {
    limits.push_back("A full run (" + full + ")" +
                     (seconds ? " would take about " + fixed(*seconds / 60, 0) + " minutes here."
                              : " was not done."));
  }
  if (!results.has_base())
    limits.push_back("Without a base nothing is said about what quantization costs.");
  section.blocks.push_back(BulletList{std::move(limits)});
  return section;
}

}  // namespace quantrial::report
