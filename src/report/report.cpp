#include "report/report.h"

#include "base/error.h"
#include "report/markdown_page.h"
#include "report/sections.h"

namespace quantrial {
namespace {

using namespace report;

// In the order of the page.
constexpr Section (*const sections[])(const Results&) = {
    verdict_section,  variants_section,     differences_section, pass_at_k_section,
    majority_section, tokens_section,       latency_section,     memory_section,
    mtp_section,      fidelity_section,     attribution_section, flips_section,
    quality_section,  reproduction_section, limits_section,
};

}  // namespace

Report render_report(const nlohmann::ordered_json& results) {
  const Results read(results);
  std::vector<Section> all;
  for (const auto& section : sections) all.push_back(section(read));
  Report out;
  for (const Section& section : all) {
    for (const Block& block : section.blocks) {
      const auto* figure = std::get_if<FigureBlock>(&block);
      if (figure == nullptr) continue;
      const bool added = out.csv.emplace(figure->table.name + ".csv", csv(figure->table)).second;
      require(added, "every figure has a CSV file of its own");
    }
  }
  const PageTitle title = page_title(read);
  out.html = html_page(title, all);
  out.markdown = markdown_page(title, all);
  return out;
}

}  // namespace quantrial
