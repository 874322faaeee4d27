// Intervals, bars, stacked bars and heat maps: categories from top to bottom.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/chart_kinds.h"

namespace quantrial::report {
namespace {

constexpr double interval_row = 24, bar_height = 13, bar_row_room = 10;

std::string title_of(const Facet& facet, const ChartPlan& plan) {
  return facet.name.empty() ? plan.table.title : plan.table.title + ": " + facet.name;
}

RowFrame frame_of(const Facet& facet, const ChartPlan& plan, double row_height) {
  const size_t y = plan.table.column(plan.chart.y.column);
  return RowFrame(title_of(facet, plan),
                  {y_names(facet.observations), plan.table.columns[y].title, row_height}, plan.x,
                  plan.chart.margin);
}

size_t row_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

// Series that the facet has, in the order of the legend.
std::vector<std::string> series_of(const Facet& facet, const ChartPlan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, style] : plan.data.series) {
    if (!of_series(facet, name).empty()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::string interval_panel(const Facet& facet, const ChartPlan& plan) {
  RowFrame frame = frame_of(facet, plan, interval_row);
  const std::vector<std::string> names = y_names(facet.observations);
  for (const Observation& o : facet.observations) {
    const double y = frame.middle(row_of(names, o.y_name));
    if (o.x->lo) frame.svg().whisker({frame.x(*o.x->lo), y}, {frame.x(*o.x->hi), y}, o.style);
    frame.svg().marker({frame.x(o.x->value), y}, o.style);
    if (!o.note.empty()) {
      frame.svg().text({chart_width - 2, y + 5}, Svg::Anchor::end, o.note);
    }
  }
  for (const Mark& mark : plan.chart.marks) frame.mark(mark);
  return frame.finish();
}

std::string bar_panel(const Facet& facet, const ChartPlan& plan) {
  const std::vector<std::string> series = series_of(facet, plan);
  // Where the series are the categories there is one bar a row.
  const bool grouped = plan.chart.series != plan.chart.y.column;
  const double bars = grouped ? static_cast<double>(series.size()) : 1;
  RowFrame frame = frame_of(facet, plan, bars * bar_height + bar_row_room);
  const std::vector<std::string> names = y_names(facet.observations);
  for (const Observation& o : facet.observations) {
    const double place = grouped ? static_cast<double>(row_of(series, o.series)) : 0;
    const double top = frame.middle(row_of(names, o.y_name)) + (place - bars / 2) * bar_height;
    const double zero = frame.x(0), end = frame.x(o.x->value);
    frame.svg().bar({std::min(zero, end), top + 1}, std::fabs(end - zero), bar_height - 2, o.style);
    const double y = top + bar_height / 2;
    if (o.x->lo) {
      frame.svg().whisker({frame.x(*o.x->lo), y}, {frame.x(*o.x->hi), y}, faint_style);
    }
  }
  return frame.finish();
}

std::string stacked_panel(const Facet& facet, const ChartPlan& plan) {
  constexpr double height = 18;
  RowFrame frame = frame_of(facet, plan, height + bar_row_room);
  const std::vector<std::string> names = y_names(facet.observations);
  std::map<std::string, std::pair<double, double>> ends;  // negative, positive
  for (const std::string& series : series_of(facet, plan)) {
    for (const Observation* o : of_series(facet, series)) {
      auto& [negative, positive] = ends[o->y_name];
      double& end = o->x->value < 0 ? negative : positive;
      const double from = frame.x(end), to = frame.x(end + o->x->value);
      const double top = frame.middle(row_of(names, o->y_name)) - height / 2;
      frame.svg().bar({std::min(from, to), top}, std::fabs(to - from), height, o->style);
      end += o->x->value;
    }
  }
  return frame.finish();
}

std::string heat_panel(const Facet& facet, const ChartPlan& plan) {
  const std::vector<std::string> rows = y_names(facet.observations);
  const std::vector<std::string> columns = x_names(facet.observations);
  double left = 0, most = 0;
  for (const std::string& name : rows) left = std::max(left, text_width(name) + 12);
  for (const Facet& f : plan.data.facets) {
    for (const Observation& o : f.observations) most = std::max(most, std::fabs(*o.shade));
  }
  left = std::min(left, 150.0);
  constexpr double top = 42, height = 24;
  const double width = (chart_width - left - 8) / static_cast<double>(columns.size());
  const double bottom = top + height * static_cast<double>(rows.size());
  Svg svg(chart_width, bottom + 26, title_of(facet, plan));
  const DataTable& table = plan.table;
  const size_t x = table.column(plan.chart.x.column), y = table.column(plan.chart.y.column);
  const size_t shade = table.column(plan.chart.shade);
  svg.text({left - 8, top - 8}, Svg::Anchor::end, table.columns[y].title, "n");
  svg.text({(left + chart_width) / 2, 14}, Svg::Anchor::middle, heading(table, x), "t");
  svg.text({left, bottom + 18}, Svg::Anchor::start, "shade and number: " + heading(table, shade),
           "n");
  for (size_t c = 0; c < columns.size(); ++c) {
    svg.text({left + (static_cast<double>(c) + 0.5) * width, top - 8}, Svg::Anchor::middle,
             fitted(columns[c], width));
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    svg.text({left - 8, top + (static_cast<double>(r) + 0.5) * height + 4}, Svg::Anchor::end,
             fitted(rows[r], left - 10));
  }
  const Scaled scale = scaled(table, shade);
  for (const Observation& o : facet.observations) {
    const Point corner{left + static_cast<double>(row_of(columns, o.x_name)) * width,
                       top + static_cast<double>(row_of(rows, o.y_name)) * height};
    svg.cell(corner, width - 1, height - 1, most > 0 ? 0.75 * std::fabs(*o.shade) / most : 0);
    svg.text({corner.x + width / 2, corner.y + height / 2 + 4}, Svg::Anchor::middle,
             fitted(shown(scale, *o.shade), width));
  }
  return svg.finish();
}

}  // namespace quantrial::report
