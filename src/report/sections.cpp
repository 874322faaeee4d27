#include "report/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace quantrial::report {

PageTitle page_title(const Results& results) {
  const std::string study = text(results.at({"study", "name"}));
  const std::string folder = text(results.at({"study", "base", "folder"}));
  PageTitle title;
  title.title = study.empty() ? "Evaluation" : "Study: " + study;
  if (study.empty() && results.variants().size() == 1) {
    title.title += " of " + results.variants().front().name;
  }
  std::vector<std::string> facts;
  if (!folder.empty()) {
    facts.push_back("base " + std::filesystem::path(folder).filename().string());
  }
  const std::string date = text(results.at({"study", "date"}));
  const std::string cpu = text(results.at({"study", "machine", "cpu"}));
  const auto cores = number(results.at({"study", "machine", "cores"}));
  if (!date.empty()) facts.push_back(date);
  if (!cpu.empty()) facts.push_back(cores ? fmt::format("{}, {:.0f} cores", cpu, *cores) : cpu);
  for (const std::string& fact : facts) {
    title.subtitle += (title.subtitle.empty() ? "" : " \u00B7 ") + fact;
  }
  return title;
}

std::string why_absent(const Variant& variant) {
  if (variant.failed()) return "failed at " + text(variant.at({"failed", "stage"}));
  return variant.served() ? served_over_http : "not measured";
}

std::string label(const Results& results, const Variant& variant) {
  if (results.is_base(variant)) return variant.name + " (base)";
  return variant.kind() == "control" ? variant.name + " (control)" : variant.name;
}

std::string verdict_words(const std::string& verdict, const std::optional<double>& margin) {
  const std::string points =
      margin ? fmt::format("{:g} {}", *margin * 100, *margin == 0.01 ? "point" : "points")
             : "the margin";
  if (verdict == "lossless") return "lossless within " + points;
  if (verdict == "worse within margin") return "worse, but within " + points;
  return verdict;
}

std::vector<Asked> all_asked(const Results& results) {
  std::vector<Asked> all;
  for (const std::string& benchmark : results.benchmarks()) {
    for (const Variant& v : results.variants()) {
      const Json& figures = v.at({"benchmarks", benchmark});
      if (figures.is_object()) all.push_back({v, benchmark, figures});
    }
  }
  return all;
}

Layout layout(const Results& results, size_t compared) {
  if (results.benchmarks().size() <= compared) return {"benchmark", "variant"};
  return {"variant", "benchmark"};
}

Chart chart_of(Kind kind, const Results& results, Axis x, Axis y) {
  Chart chart{kind, std::move(x), std::move(y)};
  chart.series = "variant";
  chart.order = results.styles();
  return chart;
}

std::vector<std::string> drop_empty_columns(DataTable& table) {
  std::vector<std::string> dropped;
  for (size_t c = table.columns.size(); c-- > 0;) {
    const bool any = std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
      if (is_numeric(table.columns[c].unit)) return number(row.values.at(c)).has_value();
      return !text(row.values.at(c)).empty();
    });
    if (any) continue;
    dropped.insert(dropped.begin(), table.columns[c].title);
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
    for (Row& row : table.rows)
      row.values.erase(row.values.begin() + static_cast<std::ptrdiff_t>(c));
  }
  return dropped;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace quantrial::report
