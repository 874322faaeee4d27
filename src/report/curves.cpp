#include "report/curves.h"

#include <algorithm>
#include <charconv>

namespace quantrial::report {
namespace {

constexpr Unit shares = Unit::share;

std::optional<double> number_of(const std::string& text) {
  int64_t k = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), k);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || k < 1) return std::nullopt;
  return static_cast<double>(k);
}

}  // namespace

std::vector<AtK> curve(const Json& by_k) {
  std::vector<AtK> points;
  if (!by_k.is_object()) return points;
  for (const auto& [name, f] : by_k.items()) {
    const auto k = number_of(name);
    const auto of_k = figure(f);
    if (k && of_k) points.push_back({*k, *of_k});
  }
  std::sort(points.begin(), points.end(), [](const AtK& a, const AtK& b) { return a.k < b.k; });
  return points;
}

std::string one_sample_note() {
  return "pass@1 is the accuracy. Its interval is another: here a bootstrap over questions, with "
         "the same draws for every k and variant, as curves that are compared need; the accuracy's "
         "is Student's t over questions.";
}

FigureBlock macro_curves(const Results& results, const std::string& name, const std::string& title,
                         const std::vector<Measure>& measures) {
  DataTable table{name,
                  title,
                  {{"measure", "measure"},
                   {"variant", "variant"},
                   {"k", "samples k", Unit::count},
                   {"share", "questions", shares}}};
  for (const Measure& measure : measures) {
    for (const Variant& v : results.variants()) {
      for (const AtK& point : curve(v.at({"macro", measure.key}))) {
        table.add({measure.title, v.name, point.k, point.figure});
      }
    }
  }
  Chart chart = chart_of(Kind::lines, results, {"k", Scale::log2}, {"share"});
  if (measures.size() > 1) chart.facet = "measure";
  return {std::move(table), chart, "Equal-weight mean over benchmarks; bands: 95 %."};
}

FigureBlock benchmark_curves(const Results& results, const std::string& name,
                             const Measure& measure) {
  DataTable table{name,
                  measure.title + " by benchmark",
                  {{"benchmark", "benchmark"},
                   {"variant", "variant"},
                   {"k", "samples k", Unit::count},
                   {"share", measure.title, shares}}};
  for (const Asked& a : all_asked(results)) {
    for (const AtK& point : curve(at(a.figures, {measure.key}))) {
      table.add({a.benchmark, a.variant.name, point.k, point.figure});
    }
  }
  Chart chart = chart_of(Kind::lines, results, {"k", Scale::log2}, {"share"});
  chart.facet = "benchmark";
  return {std::move(table), chart};
}

}  // namespace quantrial::report
