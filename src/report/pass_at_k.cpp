// pass@k and pass^k: whether any or all of k samples are right.
#include <fmt/format.h>

#include "report/curves.h"

namespace quantrial::report {
namespace {

// Where a variant's pass@k passes the base's, or the other way round: between which k.
std::vector<std::string> crossings(const Results& results) {
  std::vector<std::string> found;
  if (!results.has_base()) return found;
  const std::vector<AtK> base = curve(results.base_variant()->at({"macro", "pass_at"}));
  for (const Variant& v : results.variants()) {
    const std::vector<AtK> mine = curve(v.at({"macro", "pass_at"}));
    if (results.is_base(v) || mine.size() != base.size()) continue;
    for (size_t i = 1; i < mine.size(); ++i) {
      const double before = mine[i - 1].figure.value - base[i - 1].figure.value;
      const double after = mine[i].figure.value - base[i].figure.value;
      if (before * after < 0) {
        found.push_back(
            fmt::format("{} between k = {:.0f} and {:.0f}", v.name, mine[i - 1].k, mine[i].k));
      }
    }
  }
  return found;
}

}  // namespace

Section pass_at_k_section(const Results& results) {
  Section section{"pass-at-k", "pass@k and pass^k"};
  section.say(
      "pass@k: at least one of k samples is right, which shows what a model can still do. pass^k: "
      "all k are right, "
      "which shows how reliably. Both without replacement and unbiased.");
  FigureBlock macro =
      macro_curves(results, "pass_at_k_macro", "pass@k and pass^k over all benchmarks",
                   {{"pass_at", "pass@k: any right"}, {"pass_hat", "pass^k: all right"}});
  macro.caption += " " + one_sample_note();
  const bool has_macro = !macro.table.rows.empty();
  section.show(std::move(macro));
  const std::vector<std::string> crossed = crossings(results);
  if (!crossed.empty()) {
    section.note("Curves of pass@k that cross the base's: " + joined(crossed) + ".");
  }
  for (const auto& [name, measure] :
       {std::pair<std::string, Measure>{"pass_at_k", {"pass_at", "pass@k"}},
        {"pass_hat_k", {"pass_hat", "pass^k"}},
        {"g_pass_at_k", {"g_pass_at", "at least half of k right"}}}) {
    FigureBlock figure = benchmark_curves(results, name, measure);
    if (has_macro || name == "g_pass_at_k") figure.shown = FigureBlock::Shown::folded;
    section.show(std::move(figure));
  }
  if (section.blocks.size() == 1) section.note("No sample was graded.");
  return section;
}

}  // namespace quantrial::report
