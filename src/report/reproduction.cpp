// What it takes to measure all of this again.
#include <fmt/format.h>

#include "report/sections.h"

namespace quantrial::report {
namespace {

std::string plain(const Json& json) { return json.is_string() ? text(json) : json.dump(); }

// Leaves of an object with their paths: "machine.cpu".
void flatten(DataTable& table, const std::string& path, const Json& json) {
  if (json.is_object()) {
    for (const auto& [key, inner] : json.items()) {
      flatten(table, path.empty() ? key : path + "." + key, inner);
    }
  } else if (!json.is_null()) {
    table.add({path, plain(json)});
  }
}

DataTable facts(const Results& results) {
  DataTable table{"reproduction", "Program, machine, base", {{"what", "what"}, {"is", "is"}}};
  for (const char* part : {"name", "date", "base", "machine", "program", "seconds", "full_run"}) {
    flatten(table, part, results.at({"study", part}));
  }
  flatten(table, "results.version", results.at({"version"}));
  flatten(table, "results.base", results.at({"base"}));
  flatten(table, "results.seed", results.at({"seed"}));
  flatten(table, "results.margins", results.at({"margins"}));
  return table;
}

// Variants that were asked a benchmark in the same way share a row.
void add_shared(DataTable& table, const std::string& variant, std::vector<Value> values) {
  constexpr size_t name = 1;  // its column
  for (Row& row : table.rows) {
    values[name] = row.values[name];
    if (row.values != values) continue;
    row.values[name] = text(row.values[name]) + ", " + variant;
    return;
  }
  values[name] = variant;
  table.add(std::move(values));
}

DataTable benchmarks(const Results& results) {
  DataTable table{"benchmark_settings",
                  "How each benchmark was asked",
                  {{"benchmark", "benchmark"}, {"variants", "variants"}}};
  const std::vector<std::string> keys = {"title",    "source", "licence", "grader",
                                         "thinking", "seed",   "sampling"};
  for (const std::string& key : keys) table.columns.push_back({key, key});
  for (const Asked& a : all_asked(results)) {
    std::vector<Value> values = {a.benchmark, ""};
    for (const std::string& key : keys) {
      const Json& setting = at(a.figures, {"settings", key});
      values.emplace_back(setting.is_null() ? "" : plain(setting));
    }
    add_shared(table, a.variant.name, std::move(values));
  }
  drop_empty_columns(table);
  return table;
}

DataTable hashes(const Results& results) {
  DataTable table{
      "hashes", "Hashes of what was asked", {{"benchmark", "benchmark"}, {"variants", "variants"}}};
  const std::vector<std::string> keys = {"weights", "dataset", "prompt", "sampling"};
  for (const std::string& key : keys) table.columns.push_back({key, key});
  for (const Asked& a : all_asked(results)) {
    const Json& origin = at(a.figures, {"origin"});
    if (!origin.is_object()) continue;
    std::vector<Value> values = {a.benchmark, ""};
    for (const std::string& key : keys) values.emplace_back(text(at(origin, {key})));
    add_shared(table, a.variant.name, std::move(values));
  }
  return table;
}

}  // namespace

Section reproduction_section(const Results& results) {
  Section section{"reproduction", "Reproduction card"};
  const Json& command = results.at({"study", "command"});
  if (!command.is_null()) section.blocks.push_back(CodeBlock{"Command", plain(command)});
  section.show({facts(results)});
  const Json& settings = results.at({"study", "settings"});
  if (settings.is_string()) {
    section.blocks.push_back(CodeBlock{"Settings as resolved", text(settings)});
  } else if (!settings.is_null()) {
    DataTable table{"settings", "Settings as resolved", {{"key", "key"}, {"setting", "setting"}}};
    flatten(table, "", settings);
    section.show({std::move(table), std::nullopt, "", FigureBlock::Shown::folded});
  }
  section.show({benchmarks(results), std::nullopt, "", FigureBlock::Shown::folded});
  section.show({hashes(results), std::nullopt, "", FigureBlock::Shown::folded});
  section.note(
      "Every sample, its seed, text and verdict is in samples.sqlite; \"quantrial report DIR\" "
      "renders this page from it "
      "again, \"quantrial regrade DIR\" grades the stored texts again.");
  return section;
}

}  // namespace quantrial::report
