// Why: which modules, and weights or activations, cause the damage (`quantrial attribute`).
#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

// swap_in: the base with one class quantized; swap_out: the variant with one class restored.
FigureBlock swaps(const Results& results, const std::string& which, const std::string& title) {
  DataTable table{"attribution_" + which,
                  title,
                  {{"variant", "variant"},
                   {"class", "class of modules"},
                   {"what", "what"},
                   {"kl", "mean KL to the base", Unit::nats}}};
  for (const Variant& v : results.variants()) {
    for (const Json* swap : elements(v.at({"attribution", which}))) {
      if (const auto kl = figure(at(*swap, {"kl"}))) {
        table.add({v.name, text(at(*swap, {"class"})), text(at(*swap, {"what"})), *kl});
      }
    }
  }
  Chart chart{Kind::bars, {"kl"}, {"class"}};
  chart.series = "what";
  chart.facet = "variant";
  return {std::move(table), chart};
}

FigureBlock layers(const Results& results) {
  DataTable table{"attribution_layers",
                  "KL divergence by layer and class",
                  {{"variant", "variant"},
                   {"layer", "layer"},
                   {"class", "class"},
                   {"kl", "mean KL", Unit::nats}}};
  for (const Variant& v : results.variants()) {
    for (const Json* cell : elements(v.at({"attribution", "layers"}))) {
      const auto layer = number(at(*cell, {"layer"}));
      const auto kl = figure(at(*cell, {"kl"}));
      if (layer && kl) table.add({v.name, fixed(*layer, 0), text(at(*cell, {"class"})), *kl});
    }
  }
  Chart chart{Kind::heat_map, {"layer"}, {"class"}};
  chart.shade = "kl";
  chart.facet = "variant";
  return {std::move(table), chart};
}

}  // namespace

Section attribution_section(const Results& results) {
  Section section{"why", "Why"};
  section.show(swaps(results, "swap_in", "The base with one class quantized"));
  section.show(swaps(results, "swap_out", "The variant with one class restored"));
  section.show(layers(results));
  if (!section.blocks.empty()) return section;
  const std::vector<Variant>& variants = results.variants();
  const bool all_served =
      !variants.empty() &&
      std::all_of(variants.begin(), variants.end(), [](const Variant& v) { return v.served(); });
  section.note(all_served ? "Attribution was not run: it needs the weights of a variant, and all "
                            "are served over HTTP."
                          : "Attribution was not run.");
  return section;
}

}  // namespace quantrial::report
