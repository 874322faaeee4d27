// What came back, and what to mind before believing it.
#include <fmt/format.h>

#include "report/sections.h"

namespace quantrial::report {
namespace {

DataTable outcomes(const Results& results) {
  DataTable table{"outcomes",
                  "Outcomes of all samples",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"questions", "asked", Unit::count},
                   {"n", "scored", Unit::count},
                   {"samples", "samples asked", Unit::count},
                   {"K", "fewest had", Unit::count}}};
  const size_t fixed_columns = table.columns.size();
  for (const Asked& a : all_asked(results)) {  // every outcome that any run names
    if (!at(a.figures, {"outcomes"}).is_object()) continue;
    for (const auto& [outcome, count] : at(a.figures, {"outcomes"}).items()) {
      if (!table.has_column(outcome)) table.columns.push_back({outcome, outcome, Unit::count});
    }
  }
  table.columns.push_back({"warnings", "warnings", Unit::count});
  for (const Asked& a : all_asked(results)) {
    const auto of = [&](std::string_view key) { return value(number(at(a.figures, {key}))); };
    std::vector<Value> row = {a.benchmark, a.variant.name, of("questions"),
                              of("n"),     of("samples"),  of("K")};
    for (size_t c = fixed_columns; c + 1 < table.columns.size(); ++c) {
      row.push_back(value(number(at(a.figures, {"outcomes", table.columns[c].key}))));
    }
    row.push_back(of("warnings"));
    table.add(std::move(row));
  }
  return table;
}

DataTable further_scores(const Results& results) {
  DataTable table{"further_scores",
                  "Further scores: lenient, strict, with and without errata",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"score", "score"},
                   {"accuracy", "accuracy", Unit::share},
                   {"share", "this score", Unit::share}}};
  for (const Asked& a : all_asked(results)) {
    const Json& scores = at(a.figures, {"scores"});
    if (!scores.is_object()) continue;
    for (const auto& [name, f] : scores.items()) {
      table.add({a.benchmark, a.variant.name, name, value(figure(at(a.figures, {"accuracy"}))),
                 value(figure(f))});
    }
  }
  return table;
}

DataTable errors(const Results& results) {
  DataTable table{"accuracy",
                  "Accuracy and its errors",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"accuracy", "accuracy", Unit::share},
                   {"rerun_error", "error of a re-run", Unit::share},
                   {"clusters", "clusters", Unit::count},
                   {"clustered_error", "error, clustered", Unit::share}}};
  for (const Asked& a : all_asked(results)) {
    const auto accuracy = figure(at(a.figures, {"accuracy"}));
    if (!accuracy) continue;
    const auto of = [&](std::string_view key) {
      return value(number(at(a.figures, {"accuracy", key})));
    };
    table.add({a.benchmark, a.variant.name, *accuracy, of("rerun_error"), of("clusters"),
               of("clustered_error")});
  }
  return table;
}

std::vector<std::string> where_thinking_was(const Results& results) {
  std::vector<std::string> lines;
  for (const Asked& a : all_asked(results)) {
    const Json& seen = at(a.figures, {"thinking_seen"});
    if (!seen.is_object() && !seen.is_array() && !seen.is_string()) continue;
    lines.push_back(fmt::format("{}, {}: {}", a.variant.name, a.benchmark,
                                seen.is_string() ? text(seen) : seen.dump()));
  }
  return lines;
}

}  // namespace

std::vector<std::string> not_run(const Results& results) {
  std::vector<std::string> lines;
  const Json& left_out = results.at({"not_run"});
  if (left_out.is_object()) {
    for (const auto& [name, reason] : left_out.items()) {
      lines.push_back(name + ": " + (reason.is_string() ? text(reason) : reason.dump()));
    }
  }
  for (const Json* item : elements(left_out)) {
    const std::string name = text(at(*item, {"benchmark"})), reason = text(at(*item, {"reason"}));
    lines.push_back(item->is_string() ? text(*item) : name + ": " + reason);
  }
  return lines;
}

Section quality_section(const Results& results) {
  Section section{"data-quality", "Data quality"};
  DataTable table = outcomes(results);
  if (table.rows.empty()) {
    section.note("No sample was taken.");
    return section;
  }
  section.show({std::move(table), std::nullopt,
                "transport_error and sandbox_error are never scored and are asked or graded again "
                "by the next run; a "
                "warning is a usage that is not our count of tokens."});
  section.show({errors(results), std::nullopt,
                "Re-run: of the same questions asked again. Clustered: questions of one kind "
                "depend on each other.",
                FigureBlock::Shown::folded});
  section.show({further_scores(results), std::nullopt, "", FigureBlock::Shown::folded});
  const auto list = [&](const std::string& title, std::vector<std::string> lines) {
    if (lines.empty()) return;
    section.note(title);
    section.blocks.push_back(BulletList{std::move(lines)});
  };
  list("Benchmarks not run:", not_run(results));
  list("Where servers put the thinking:", where_thinking_was(results));
  return section;
}

}  // namespace quantrial::report
