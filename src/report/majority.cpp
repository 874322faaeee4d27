// Majority voting, and the gap between what a model finds and what a vote picks.
#include "report/curves.h"

namespace quantrial::report {
namespace {

// The figures at the largest k.
DataTable gap_table(const Results& results) {
  DataTable table{"coverage_and_selection",
                  "Found and picked: pass@K beside maj@K",
                  {{"variant", "variant"},
                   {"benchmark", "benchmark"},
                   {"K", "samples K", Unit::count},
                   {"pass_1", "pass@1", Unit::share},
                   {"maj_K", "maj@K", Unit::share},
                   {"pass_K", "pass@K", Unit::share},
                   {"found_not_picked", "pass@K less maj@K", Unit::points},
                   {"tied", "votes tied", Unit::share}}};
  const auto add = [&](const Variant& v, const std::string& benchmark, const Json& figures) {
    const std::vector<AtK> any = curve(at(figures, {"pass_at"}));
    const std::vector<AtK> vote = curve(at(figures, {"maj_at"}));
    const std::vector<AtK> tied = curve(at(figures, {"maj_tied"}));
    if (any.empty() || vote.empty()) return;
    table.add({v.name, benchmark, vote.back().k, any.front().figure, vote.back().figure,
               any.back().figure, any.back().figure.value - vote.back().figure.value,
               tied.empty() ? Value() : Value(tied.back().figure)},
              benchmark == "mean" ? Tone::strong : Tone::plain);
  };
  for (const Variant& v : results.variants()) add(v, "mean", v.at({"macro"}));
  for (const Asked& a : all_asked(results)) add(a.variant, a.benchmark, a.figures);
  return table;
}

}  // namespace

Section majority_section(const Results& results) {
  Section section{"majority", "Majority voting"};
  FigureBlock macro = macro_curves(results, "majority_macro", "maj@k over all benchmarks",
                                   {{"maj_at", "the vote is right"}});
  FigureBlock tied = macro_curves(results, "majority_tied_macro", "Votes tied over all benchmarks",
                                  {{"maj_tied", "the vote is tied"}});
  FigureBlock gap{gap_table(results)};
  if (gap.table.rows.empty() && macro.table.rows.empty()) {
    section.note("No benchmark here has answers that can be put to a vote.");
    return section;
  }
  section.say(
      "The vote is exact over all choices of k of the samples, with ties broken evenly. A wide gap "
      "between pass@K and "
      "maj@K: the answer is known, but not preferred.");
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
  section.show(std::move(gap));
  return section;
}

}  // namespace quantrial::report
