// Generated tokens: how many, against the base, what for, and what a budget of them buys.
#include <algorithm>
#include <cmath>

#include "report/sections.h"

namespace quantrial::report {
namespace {

// Cuts that all benchmarks share, as marks.
std::vector<Mark> cap_marks(const Results& results) {
  std::vector<double> caps;
  for (const Asked& a : all_asked(results)) {
    const auto cap = number(at(a.figures, {"settings", "sampling", "max_tokens"}));
    if (cap && std::find(caps.begin(), caps.end(), *cap) == caps.end()) caps.push_back(*cap);
  }
  if (caps.size() != 1) return {};
  return {{Mark::Of::x, caps.front(), "limit"}};
}

DataTable lengths_table(const Results& results) {
  DataTable table{"token_lengths",
                  "Lengths of replies",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"mean", "mean", Unit::tokens},
                   {"thinking", "thinking", Unit::tokens},
                   {"answer", "answer", Unit::tokens},
                   {"restricted_mean", "mean, cuts censored", Unit::tokens},
                   {"median", "median", Unit::tokens},
                   {"p90", "90 %", Unit::tokens},
                   {"p99", "99 %", Unit::tokens},
                   {"longest", "longest", Unit::tokens},
                   {"truncation_rate", "cut off", Unit::share},
                   {"correlation_with_right", "with being right", Unit::signed_number}}};
  for (const Asked& a : all_asked(results)) {
    const Json& lengths = at(a.figures, {"tokens", "lengths"});
    if (!lengths.is_object()) continue;
    const auto of = [&](std::string_view key) { return value(figure(at(lengths, {key}))); };
    const auto mean = [&](std::string_view key) {
      return value(figure(at(a.figures, {"tokens", key})));
    };
    table.add({a.benchmark, a.variant.name, mean("generated"), mean("thinking"), mean("answer"),
               of("restricted_mean"), of("median"), of("p90"), of("p99"), of("longest"),
               of("truncation_rate"), of("correlation_with_right")});
  }
  drop_empty_columns(table);
  return table;
}

// Rows of accuracy_at_budget, one number of each.
FigureBlock by_budget(const Results& results, DataTable table, std::string_view key) {
  for (const Asked& a : all_asked(results)) {
    for (const Json* step : elements(at(a.figures, {"tokens", "lengths", "accuracy_at_budget"}))) {
      const auto tokens = number(at(*step, {"tokens"})), share = number(at(*step, {key}));
      if (tokens && share) table.add({a.benchmark, a.variant.name, *tokens, *share});
    }
  }
  Chart chart =
      chart_of(Kind::lines, results, {table.columns[2].key, Scale::log2}, {table.columns[3].key});
  chart.y.from = 0;
  chart.facet = "benchmark";
  return {std::move(table), chart};
}

FigureBlock distribution(const Results& results) {
  FigureBlock figure = by_budget(results,
                                 {"token_distribution",
                                  "Distribution of lengths",
                                  {{"benchmark", "benchmark"},
                                   {"variant", "variant"},
                                   {"tokens", "length of a reply", Unit::tokens},
                                   {"share", "replies no longer", Unit::share}}},
                                 "ended");
  figure.chart->y.to = 1;
  figure.chart->marks = cap_marks(results);
  return figure;
}

FigureBlock budget(const Results& results) {
  FigureBlock figure = by_budget(results,
                                 {"accuracy_at_budget",
                                  "Accuracy within a budget of tokens",
                                  {{"benchmark", "benchmark"},
                                   {"variant", "variant"},
                                   {"tokens", "budget", Unit::tokens},
                                   {"accuracy", "right within it", Unit::share}}},
                                 "accuracy");
  figure.chart->marks = cap_marks(results);
  figure.caption = "Replies that are right and no longer than the budget, of all replies.";
  return figure;
}

FigureBlock ratios(const Results& results) {
  DataTable table{"token_ratio",
                  "Tokens against the base's",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"ratio", "ratio to the base's tokens", Unit::ratio},
                   {"geometric_ratio", "geometric mean of ratios", Unit::ratio}}};
  for (const Variant& v : results.variants()) {
    if (const auto ratio = figure(v.at({"macro", "token_ratio"}))) {
      table.add({"mean", v.name, *ratio, Value()}, Tone::strong);
    }
  }
  for (const Asked& a : all_asked(results)) {
    const auto ratio = figure(at(a.figures, {"token_ratio", "ratio"}));
    if (!ratio) continue;
    table.add({a.benchmark, a.variant.name, *ratio,
               value(figure(at(a.figures, {"token_ratio", "geometric_ratio"})))});
  }
  const size_t compared = results.variants().size() - (results.has_base() ? 1 : 0);
  const Layout by = layout(results, compared);
  Chart chart = chart_of(Kind::intervals, results, {"ratio"}, {by.row});
  chart.facet = by.facet;
  chart.marks = {{Mark::Of::x, 1, "as many"}};
  drop_empty_columns(table);
  return {std::move(table), chart,
          "All tokens of the same questions; above 1 the variant writes more than the base."};
}

FigureBlock decomposition(const Results& results) {
  DataTable table{"token_decomposition",
                  "Where the difference in length comes from",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"part", "part"},
                   {"tokens", "less the base's length", Unit::tokens}}};
  for (const Asked& a : all_asked(results)) {
    const Json& parts = at(a.figures, {"token_ratio", "decomposition"});
    for (const auto& [key, title] :
         {std::pair<const char*, const char*>{"right", "longer right replies"},
          {"wrong", "longer wrong replies"},
          {"failures", "more wrong replies"}}) {
      if (const auto tokens = number(at(parts, {key}))) {
        table.add({a.benchmark, a.variant.name, title, *tokens});
      }
    }
  }
  Chart chart{Kind::stacked_bars, {"tokens"}, {"variant"}};
  chart.series = "part";
  chart.facet = "benchmark";
  return {std::move(table), chart,
          "Mean tokens a reply, variant less base, split into what right replies add, what wrong "
          "ones add, and what "
          "more wrong ones add."};
}

// Over all benchmarks where the macro figures have it, else a small chart a benchmark.
FigureBlock scatter(const Results& results) {
  DataTable table{"tokens_against_accuracy",
                  "Tokens against accuracy",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"tokens", "mean length of a reply", Unit::tokens},
                   {"accuracy", "accuracy", Unit::share}}};
  for (const Variant& v : results.variants()) {
    const auto tokens = figure(v.at({"macro", "tokens"}));
    const auto accuracy = figure(v.at({"macro", "accuracy"}));
    if (tokens && accuracy) table.add({"mean over benchmarks", v.name, *tokens, *accuracy});
  }
  if (table.rows.empty()) {
    for (const Asked& a : all_asked(results)) {
      const auto tokens = figure(at(a.figures, {"tokens", "generated"}));
      const auto accuracy = figure(at(a.figures, {"accuracy"}));
      if (tokens && accuracy) table.add({a.benchmark, a.variant.name, *tokens, *accuracy});
    }
  }
  Chart chart = chart_of(Kind::points, results, {"tokens"}, {"accuracy"});
  chart.facet = "benchmark";
  return {std::move(table), chart, "Up and to the left is better."};
}

FigureBlock failures(const Results& results) {
  DataTable table{"failures",
                  "Replies without a gradable answer",
                  {{"variant", "variant"},
                   {"outcome", "outcome"},
                   {"share", "share of all replies", Unit::share}}};
  for (const Variant& v : results.variants()) {
    std::vector<std::pair<std::string, double>> counts;
    double all = 0;
    for (const Asked& a : all_asked(results)) {
      if (a.variant.name != v.name || !at(a.figures, {"outcomes"}).is_object()) continue;
      for (const auto& [outcome, json] : at(a.figures, {"outcomes"}).items()) {
        const double count = number(json).value_or(0);
        if (outcome == "transport_error" || outcome == "sandbox_error") continue;
        all += count;
        if (outcome == "answered") continue;
        const auto known = std::find_if(counts.begin(), counts.end(),
                                        [&](const auto& c) { return c.first == outcome; });
        if (known == counts.end())
          counts.emplace_back(outcome, count);
        else
          known->second += count;
      }
    }
    for (const auto& [outcome, count] : counts) {
      if (all > 0) table.add({v.name, outcome, count / all});
    }
  }
  Chart chart{Kind::stacked_bars, {"share"}, {"variant"}};
  chart.series = "outcome";
  return {std::move(table), chart,
          "Cut off while thinking or answering, in a loop, or ended without an answer; all count "
          "as wrong."};
}

bool all_zero(const DataTable& table, size_t column) {
  return std::all_of(table.rows.begin(), table.rows.end(),
                     [&](const Row& row) { return number(row.values.at(column)) == 0.0; });
}

}  // namespace

Section tokens_section(const Results& results) {
  Section section{"tokens", "Tokens"};
  FigureBlock lengths{lengths_table(results)};
  if (lengths.table.rows.empty()) {
    section.note("No lengths of replies are known.");
    return section;
  }
  section.show(scatter(results));
  section.show(ratios(results));
  section.show(distribution(results));
  section.show(budget(results));
  section.show(decomposition(results));
  FigureBlock failed = failures(results);
  if (!failed.table.rows.empty() && all_zero(failed.table, 2)) {
    failed.chart.reset();
    failed.shown = FigureBlock::Shown::folded;
    section.note("Every reply ended with an answer.");
  }
  section.show(std::move(failed));
  lengths.shown = FigureBlock::Shown::folded;
  section.show(std::move(lengths));
  section.note(
      "\"With being right\": correlation of length and being right within questions; it is "
      "negative for most models, since "
      "hard attempts run long, so only a change of it speaks of quantization.");
  return section;
}

}  // namespace quantrial::report
