#include "report/chart.h"

#include <algorithm>
#include <cmath>

#include "report/chart_kinds.h"

namespace quantrial::report {
namespace {

std::string panel(const Facet& facet, const ChartPlan& plan) {
  switch (plan.chart.kind) {
    case Kind::lines:
      return line_panel(facet, plan);
    case Kind::points:
      return point_panel(facet, plan);
    case Kind::intervals:
      return interval_panel(facet, plan);
    case Kind::bars:
      return bar_panel(facet, plan);
    case Kind::stacked_bars:
      return stacked_panel(facet, plan);
    case Kind::heat_map:
      return heat_panel(facet, plan);
  }
  return "";
}

std::string swatch(Kind kind, size_t style) {
  return kind == Kind::bars || kind == Kind::stacked_bars ? bar_swatch(style) : line_swatch(style);
}

}  // namespace

std::string panel_title(const Facet& facet, const ChartPlan& plan) {
  return facet.name.empty() ? plan.table.title : plan.table.title + ": " + facet.name;
}

DrawnChart draw(const DataTable& table, const Chart& chart) {
  const ChartData data = chart_data(table, chart);
  DrawnChart drawn;
  if (data.facets.empty()) return drawn;
  ChartPlan plan{table, chart, data};
  if (chart.kind != Kind::heat_map) {
    const auto x = plan_x(table, chart, data);
    if (!x) return drawn;
    plan.x = *x;
  }
  if (chart.kind == Kind::lines || chart.kind == Kind::points) {
    const auto y = plan_y(table, chart, data);
    if (!y) return drawn;
    plan.y = *y;
  }
  for (const Facet& facet : data.facets) {
    drawn.panels.push_back({facet.name, panel(facet, plan)});
  }
  const bool told = chart.series == chart.facet || chart.series == chart.y.column;
  if (!chart.series.empty() && !told) {
    for (const auto& [name, style] : data.series) {
      drawn.legend.push_back({name, swatch(chart.kind, style)});
    }
  }
  return drawn;
}

std::string interval_picture(const DataTable& table, size_t column, const Figure& figure,
                             const std::optional<double>& margin) {
  constexpr double width = 110, height = 18, middle = height / 2;
  Range range{-margin.value_or(0), margin.value_or(0)};
  for (const Row& row : table.rows) {
    const auto f = report::figure(row.values.at(column));
    if (!f) continue;
    range.from = std::min({range.from, f->value, f->lo.value_or(0)});
    range.to = std::max({range.to, f->value, f->hi.value_or(0)});
  }
  if (!(range.to > range.from)) range = {-1, 1};
  const AxisScale scale(Scale::linear, range, 4, width - 4);
  Svg svg(width, height, shown(scaled(table, column), Value(figure)));
  if (margin) {
    const double from = scale.pixel(-*margin);
    svg.box({from, 0}, scale.pixel(*margin) - from, height, "margin");
  }
  svg.line({scale.pixel(0), 0}, {scale.pixel(0), height}, "z");
  if (figure.lo) {
    svg.whisker({scale.pixel(*figure.lo), middle}, {scale.pixel(*figure.hi), middle}, 0);
  }
  svg.marker({scale.pixel(figure.value), middle}, 0);
  return svg.finish();
}

}  // namespace quantrial::report
