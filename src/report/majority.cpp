// Majority voting, and the gap between what a model finds and what a vote picks.
#include "report/curves.h"

namespace quantrial::report {
namespace {

DataTable gap_table(std::string name, std::string title) {
  return {std::move(name),
          std::move(title),
          {{"benchmark", "benchmark"},
           {"variant", "variant"},
           {"K", "samples K", Unit::count},
           {"pass_1", "pass@1", Unit::share},
           {"maj_K", "maj@K", Unit::share},
           {"pass_K", "pass@K", Unit::share},
           {"found_not_picked", "pass@K less maj@K", Unit::points},
           {"tied", "votes tied", Unit::share}}};
}

// The figures at the largest k; `found`: pass@k of the benchmarks that have votes.
void add_gap(DataTable& table, const std::string& benchmark, const Variant& v, const Json& figures,
             const Json& found) {
  const std::vector<AtK> any = curve(found);
  const std::vector<AtK> vote = curve(at(figures, {"maj_at"}));
  const std::vector<AtK> tied = curve(at(figures, {"maj_tied"}));
  if (any.empty() || vote.empty()) return;
  table.add({benchmark, v.name, vote.back().k, any.front().figure, vote.back().figure,
             any.back().figure, any.back().figure.value - vote.back().figure.value,
             tied.empty() ? Value() : Value(tied.back().figure)});
}

DataTable macro_gaps(const Results& results) {
  DataTable table = gap_table("found_and_picked_macro", "Found and picked: pass@K beside maj@K");
  for (const Variant& v : results.variants()) {
    add_gap(table, "", v, v.at({"macro"}), v.at({"macro", "voted", "pass_at"}));
  }
  drop_empty_columns(table);
  return table;
}

DataTable gaps(const Results& results) {
  DataTable table = gap_table("found_and_picked", "Found and picked by benchmark");
  for (const Asked& a : all_asked(results)) {
    add_gap(table, a.benchmark, a.variant, a.figures, at(a.figures, {"pass_at"}));
  }
  return table;
}

}  // namespace

Section majority_section(const Results& results) {
  Section section{"majority", "Majority voting"};
  FigureBlock macro = macro_curves(results, "majority_macro", "maj@k over all benchmarks",
                                   {{"maj_at", "the vote is right"}});
  FigureBlock tied = macro_curves(results, "majority_tied_macro", "Votes tied over all benchmarks",
                                  {{"maj_tied", "the vote is tied"}});
  FigureBlock gap{gaps(results)};
  if (gap.table.rows.empty() && macro.table.rows.empty()) {
    section.note("No benchmark here has answers that can be put to a vote.");
    return section;
  }
  section.say(
      "The vote is exact over all choices of k of the samples, with ties broken evenly. A wide gap "
      "between pass@K and "
      "maj@K: the answer is known, but not preferred. Means over all benchmarks are here over "
      "those "
      "that have votes, pass@k too.");
  const bool has_macro = !macro.table.rows.empty();
  section.show(std::move(macro));
  section.show(std::move(tied));
  for (const auto& [name, measure] :
       {std::pair<std::string, Measure>{"majority", {"maj_at", "maj@k"}},
        {"majority_tied", {"maj_tied", "votes tied"}}}) {
    FigureBlock figure = benchmark_curves(results, name, measure);
    if (has_macro || name == "majority_tied") figure.shown = FigureBlock::Shown::folded;
    section.show(std::move(figure));
  }
  section.show({macro_gaps(results), std::nullopt, one_sample_note()});
  if (has_macro) gap.shown = FigureBlock::Shown::folded;
  section.show(std::move(gap));
  return section;
}

}  // namespace quantrial::report
