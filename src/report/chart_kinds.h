// One small chart of each kind (chart.h says what they show).
#pragma once

#include "report/chart_frame.h"

namespace quantrial::report {

// What all small charts of one chart share.
struct ChartPlan {
  const DataTable& table;
  const Chart& chart;
  const ChartData& data;
  AxisPlan x{}, y{};
};

std::string panel_title(const Facet& facet, const ChartPlan& plan);  // for those who only hear it

std::string line_panel(const Facet& facet, const ChartPlan& plan);
std::string point_panel(const Facet& facet, const ChartPlan& plan);
std::string interval_panel(const Facet& facet, const ChartPlan& plan);
std::string bar_panel(const Facet& facet, const ChartPlan& plan);
std::string stacked_panel(const Facet& facet, const ChartPlan& plan);
std::string heat_panel(const Facet& facet, const ChartPlan& plan);

}  // namespace quantrial::report
