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

DataTable benchmarks(const Results& results) {
  DataTable table{"benchmark_settings",
                  "How each benchmark was asked",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"title", "title"},
                   {"source", "source"},
                   {"licence", "licence"},
                   {"grader", "grader"},
                   {"thinking", "thinking"},
                   {"seed", "seed"},
                   {"sampling", "sampling"},
                   {"origin", "hashes"}}};
  for (const Asked& a : all_asked(results)) {
    const auto of = [&](std::string_view key) {
      const Json& setting = at(a.figures, {"settings", key});
      return Value(setting.is_null() ? "" : plain(setting));
    };
    const Json& origin = at(a.figures, {"origin"});
    table.add({a.benchmark, a.variant.name, of("title"), of("source"), of("licence"), of("grader"),
               of("thinking"), of("seed"), of("sampling"),
               origin.is_null() ? Value("") : Value(plain(origin))});
  }
  drop_empty_columns(table);
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
  section.note(
      "Every sample, its seed, text and verdict is in samples.sqlite; `quantrial report DIR` "
      "renders this page from it "
      "again, `quantrial regrade DIR` grades the stored texts again.");
  return section;
}

}  // namespace quantrial::report
