// The plot area with its axes: grid, ticks, titles with units.
#pragma once

#include "report/chart_data.h"
#include "report/chart_svg.h"

namespace quantrial::report {

inline constexpr double chart_width = 400;

// What an axis needs to be drawn.
struct AxisPlan {
  Scale scale = Scale::linear;
  Range range;      // round already
  Scaled shown_as;  // for the labels of ticks
  std::string title;
};
// Absent where no observation can be placed.
std::optional<AxisPlan> plan_x(const DataTable& table, const Chart& chart, const ChartData& data);
std::optional<AxisPlan> plan_y(const DataTable& table, const Chart& chart, const ChartData& data);
std::vector<std::string> tick_labels(const AxisPlan& axis, const std::vector<double>& at);

struct PlotArea {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Two axes of numbers.
class Frame {
 public:
  Frame(std::string_view title, const AxisPlan& x, const AxisPlan& y);

  Svg& svg() { return svg_; }
  Point place(double x, double y) const { return {x_.pixel(x), y_.pixel(y)}; }
  void mark(const Mark& mark);
  std::string finish() { return svg_.finish(); }

 private:
  PlotArea area_;
  AxisScale x_, y_;
  Svg svg_;
};

// Categories from top to bottom, numbers along x.
class RowFrame {
 public:
  struct Rows {
    std::vector<std::string> names;
    std::string title;
    double height = 24;  // of one
  };
  RowFrame(std::string_view title, const Rows& rows, const AxisPlan& x,
           const std::optional<double>& margin);

  Svg& svg() { return svg_; }
  double x(double value) const { return x_.pixel(value); }
  double middle(size_t row) const;
  void mark(const Mark& mark);
  std::string finish() { return svg_.finish(); }

 private:
  double row_height_;
  PlotArea area_;
  AxisScale x_;
  Svg svg_;
};

void draw_x_axis(Svg& svg, const PlotArea& area, const AxisScale& scale, const AxisPlan& plan);
// Cut with an ellipsis where it is wider.
std::string fitted(const std::string& text, double width);

}  // namespace quantrial::report
