// Intervals, bars and stacked bars: categories from top to bottom.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/chart_kinds.h"

namespace quantrial::report {
namespace {

constexpr double interval_row = 24, dodge = 9, bar_height = 13, bar_row_room = 10;

RowFrame frame_of(const Facet& facet, const ChartPlan& plan, double row_height) {
  const size_t y = plan.table.column(plan.chart.y.column);
  return RowFrame(panel_title(facet, plan),
                  {y_names(plan.data), plan.table.columns[y].title, row_height}, plan.x,
                  plan.chart.margin);
}

bool has_intervals(const ChartData& data) {
  return std::any_of(data.facets.begin(), data.facets.end(), [](const Facet& facet) {
    return std::any_of(facet.observations.begin(), facet.observations.end(),
                       [](const Observation& o) { return o.x->lo.has_value(); });
  });
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
  // Several series on a row lie one below the other, so that none hides another.
  const bool several = plan.chart.series != plan.chart.y.column &&
                       plan.chart.series != plan.chart.facet && has_intervals(plan.data);
  const double series = several ? static_cast<double>(plan.data.series.size()) : 1;
  RowFrame frame = frame_of(facet, plan, std::max(interval_row, series * dodge + bar_row_room));
  const std::vector<std::string> names = y_names(plan.data);
  for (const Mark& mark : plan.chart.marks) frame.mark(mark);
  for (size_t i = 0; i < plan.data.series.size(); ++i) {
    const double below = several ? (static_cast<double>(i) - (series - 1) / 2) * dodge : 0;
    for (const Observation* o : of_series(facet, plan.data.series[i].first)) {
      const double y = frame.middle(index_of(names, o->y_name)) + below;
      if (o->x->lo) frame.svg().whisker({frame.x(*o->x->lo), y}, {frame.x(*o->x->hi), y}, o->style);
      frame.svg().marker({frame.x(o->x->value), y}, o->style);
      if (!o->note.empty()) frame.svg().text({chart_width - 2, y + 5}, Svg::Anchor::end, o->note);
    }
  }
  return frame.finish();
}

std::string bar_panel(const Facet& facet, const ChartPlan& plan) {
  const std::vector<std::string> series = series_of(facet, plan);
  // Where the series are the categories there is one bar a row.
  const bool grouped = plan.chart.series != plan.chart.y.column;
  const double bars = grouped ? static_cast<double>(series.size()) : 1;
  RowFrame frame = frame_of(facet, plan, bars * bar_height + bar_row_room);
  const std::vector<std::string> names = y_names(plan.data);
  for (const Observation& o : facet.observations) {
    const double place = grouped ? static_cast<double>(index_of(series, o.series)) : 0;
    const double top = frame.middle(index_of(names, o.y_name)) + (place - bars / 2) * bar_height;
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
  const std::vector<std::string> names = y_names(plan.data);
  std::map<std::string, std::pair<double, double>> ends;  // negative, positive
  for (const std::string& series : series_of(facet, plan)) {
    for (const Observation* o : of_series(facet, series)) {
      auto& [negative, positive] = ends[o->y_name];
      double& end = o->x->value < 0 ? negative : positive;
      const double from = frame.x(end), to = frame.x(end + o->x->value);
      const double top = frame.middle(index_of(names, o->y_name)) - height / 2;
      frame.svg().bar({std::min(from, to), top}, std::fabs(to - from), height, o->style);
      end += o->x->value;
    }
  }
  return frame.finish();
}

}  // namespace quantrial::report
