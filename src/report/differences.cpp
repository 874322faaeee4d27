// Differences of accuracy to the base, paired by question.
#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

constexpr double significance = 0.05;

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {{"variant", "variant"},
                                          {"benchmark", "benchmark"},
                                          {"n", "questions", Unit::count},
                                          {"K", "samples", Unit::count},
                                          {"delta", "difference", Unit::points},
                                          {"p", "p", Unit::probability},
                                          {"p_holm", "p, Holm", Unit::probability},
                                          {"holm", "holds"},
                                          {"verdict", "verdict"},
                                          {"mde", "detectable", Unit::points},
                                          {"questions_needed", "questions needed", Unit::count}};
  return all;
}

void add_row(DataTable& table, const Variant& v, const std::string& benchmark, const Json& figures,
             const std::optional<double>& margin) {
  const Json& delta = at(figures, {"delta"});
  if (!figure(delta)) return;
  const std::string verdict = text(at(delta, {"verdict"}));
  const auto p_holm = number(at(delta, {"p_holm"}));
  const auto questions = number(at(delta, {"questions"}));
  table.add(
      {v.name, benchmark, value(questions ? questions : number(at(figures, {"n"}))),
       value(number(at(figures, {"K"}))), value(figure(delta)), value(number(at(delta, {"p"}))),
       value(p_holm), p_holm && *p_holm < significance ? "*" : "", verdict_words(verdict, margin),
       value(number(at(delta, {"mde"}))), value(number(at(delta, {"questions_needed"})))},
      verdict == "undecided" ? Tone::faint : Tone::plain);
}

FigureBlock macro_figure(const Results& results) {
  DataTable table{"differences_macro", "Accuracy less the base's, mean over benchmarks", columns()};
  for (const Variant& v : results.variants()) {
    add_row(table, v, "", v.at({"macro"}), results.macro_margin());
  }
  drop_empty_columns(table);
  Chart chart = chart_of(Kind::intervals, results, {"delta"}, {"variant"});
  chart.margin = results.macro_margin();
  if (table.has_column("holm")) chart.note = "holm";
  return {std::move(table), chart,
          "The confirmatory figure: an equal-weight mean. Band: the margin fixed beforehand. Grey: "
          "undecided. * holds after Holm's correction over all variants.",
          FigureBlock::Shown::beside};
}

FigureBlock benchmark_figure(const Results& results) {
  DataTable table{"differences", "Accuracy less the base's, by benchmark", columns()};
  std::vector<std::string> compared;
  for (const Asked& a : all_asked(results)) {
    const size_t before = table.rows.size();
    add_row(table, a.variant, a.benchmark, a.figures, results.benchmark_margin());
    if (table.rows.size() > before) compared.push_back(a.variant.name);
  }
  std::sort(compared.begin(), compared.end());
  compared.erase(std::unique(compared.begin(), compared.end()), compared.end());
  const Layout by = layout(results, compared.size());
  Chart chart = chart_of(Kind::intervals, results, {"delta"}, {by.row});
  chart.facet = by.facet;
  chart.margin = results.benchmark_margin();
  chart.note = "holm";
  return {std::move(table), chart,
          "Single benchmarks explore; they are not ranked, and grey ones are undecided. * holds "
          "after Holm's correction "
          "over all variants and benchmarks (p below 0.05)."};
}

}  // namespace

Section differences_section(const Results& results) {
  Section section{"differences", "Differences by benchmark"};
  FigureBlock macro = macro_figure(results), single = benchmark_figure(results);
  if (macro.table.rows.empty() && single.table.rows.empty()) {
    section.note(results.has_base() ? "Nothing was compared with the base."
                                    : "There is no base here, so there are no differences.");
  }
  section.show(std::move(macro));
  section.show(std::move(single));
  std::vector<std::string> reasons;
  for (const Asked& a : all_asked(results)) {
    const std::string why = text(at(a.figures, {"not_compared"}));
    if (!why.empty()) reasons.push_back(a.variant.name + ", " + a.benchmark + ": " + why);
  }
  if (!reasons.empty()) {
    section.note("Not compared:");
    section.blocks.push_back(BulletList{reasons});
  }
  if (results.has_base()) {
    section.note(
        "Detectable: the least difference that these questions and samples would show with 80 % "
        "power. Questions "
        "needed: how many would show a difference as large as the margin.");
  }
  return section;
}

}  // namespace quantrial::report
