// What came back, and what to mind before believing it.
#include <fmt/format.h>

#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

// Every outcome that any run names.
std::vector<std::string> outcome_names(const Results& results) {
  std::vector<std::string> names;
  for (const Asked& a : all_asked(results)) {
    if (!at(a.figures, {"outcomes"}).is_object()) continue;
    for (const auto& [outcome, count] : at(a.figures, {"outcomes"}).items()) {
      if (std::find(names.begin(), names.end(), outcome) == names.end()) names.push_back(outcome);
    }
  }
  return names;
}

DataTable with_outcomes(const Results& results, DataTable table) {
  for (const std::string& outcome : outcome_names(results)) {
    table.columns.push_back({outcome, outcome, Unit::count});
  }
  table.columns.push_back({"warnings", "warnings", Unit::count});
  return table;
}

DataTable outcomes(const Results& results) {
  DataTable table = with_outcomes(results, {"outcomes_by_benchmark",
                                            "Outcomes by benchmark",
                                            {{"benchmark", "benchmark"},
                                             {"variant", "variant"},
                                             {"questions", "asked", Unit::count},
                                             {"n", "scored", Unit::count},
                                             {"samples", "samples asked", Unit::count},
                                             {"K", "fewest had", Unit::count}}});
  const std::vector<std::string> names = outcome_names(results);
  for (const Asked& a : all_asked(results)) {
    const auto of = [&](std::string_view key) { return value(number(at(a.figures, {key}))); };
    std::vector<Value> row = {a.benchmark, a.variant.name, of("questions"),
                              of("n"),     of("samples"),  of("K")};
    for (const std::string& name : names) {
      row.push_back(value(number(at(a.figures, {"outcomes", name}))));
    }
    row.push_back(of("warnings"));
    table.add(std::move(row));
  }
  return table;
}

// Sums over benchmarks.
DataTable all_outcomes(const Results& results) {
  DataTable table =
      with_outcomes(results, {"outcomes",
                              "Outcomes of all samples",
                              {{"variant", "variant"}, {"benchmarks", "benchmarks", Unit::count}}});
  const std::vector<std::string> names = outcome_names(results);
  for (const Variant& v : results.variants()) {
    std::vector<double> sums(table.columns.size() - 1);
    for (const std::string& benchmark : results.benchmarks()) {
      const Json& figures = v.at({"benchmarks", benchmark});
      if (!figures.is_object()) continue;
      ++sums.front();
      for (size_t i = 0; i < names.size(); ++i) {
        sums[i + 1] += number(at(figures, {"outcomes", names[i]})).value_or(0);
      }
      sums.back() += number(at(figures, {"warnings"})).value_or(0);
    }
    std::vector<Value> row = {v.name};
    row.insert(row.end(), sums.begin(), sums.end());
    table.add(std::move(row), v.failed() ? Tone::faint : Tone::plain);
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
    if (!seen.is_object()) continue;
    std::string places;
    for (const auto& [place, count] : seen.items()) {
      places += (places.empty() ? "" : ", ") + place + " " + count.dump();
    }
    lines.push_back(fmt::format("{}, {}: {}", a.variant.name, a.benchmark, places));
  }
  return lines;
}

}  // namespace

std::vector<std::string> not_run(const Results& results) {
  std::vector<std::string> lines;
  const Json& left_out = results.at({"not_run"});
  if (!left_out.is_object()) return lines;
  for (const auto& [name, reason] : left_out.items()) lines.push_back(name + ": " + text(reason));
  return lines;
}

Section quality_section(const Results& results) {
  Section section{"data-quality", "Data quality"};
  if (all_asked(results).empty()) {
    section.note("No sample was taken.");
    return section;
  }
  section.show({all_outcomes(results), std::nullopt,
                "transport_error and sandbox_error are never scored and are asked or graded again "
                "by the next run; a "
                "warning is a usage that is not our count of tokens."});
  section.show({outcomes(results), std::nullopt, "", FigureBlock::Shown::folded});
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
