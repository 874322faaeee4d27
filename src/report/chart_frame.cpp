#include "report/chart_frame.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace quantrial::report {
namespace {

constexpr int x_ticks = 5, y_ticks = 5;
constexpr double below = 44, above = 10, beside = 14;  // room around the plot area
constexpr double title_room = 24;                      // for the upright title of y
constexpr double widest_name = 160;

AxisPlan plan(const DataTable& table, const Axis& axis, const Range& range, int wanted) {
  const size_t column = table.column(axis.column);
  Range round = rounded(axis.scale, range, wanted);
  if (axis.from) round.from = *axis.from;
  if (axis.to) round.to = *axis.to;
  return {axis.scale, round, scaled(table, column), heading(table, column)};
}

double widest(const std::vector<std::string>& texts) {
  double width = 0;
  for (const std::string& text : texts) width = std::max(width, text_width(text));
  return width;
}

constexpr double plot_height = 200;

PlotArea area_of(const AxisPlan& y) {
  const double labels = widest(tick_labels(y, ticks(y.scale, y.range, y_ticks)));
  return {title_room + labels + 8, above, chart_width - beside, above + plot_height};
}

PlotArea row_area(const RowFrame::Rows& rows) {
  std::vector<std::string> all = rows.names;
  all.push_back(rows.title);
  const double left = std::min(widest(all), widest_name) + 12;
  const double top = above + 16;
  return {left, top, chart_width - beside,
          top + rows.height * static_cast<double>(rows.names.size())};
}

}  // namespace

std::optional<AxisPlan> plan_x(const DataTable& table, const Chart& chart, const ChartData& data) {
  const auto range = x_range(data, chart);
  if (!range) return std::nullopt;
  return plan(table, chart.x, *range, x_ticks);
}

std::optional<AxisPlan> plan_y(const DataTable& table, const Chart& chart, const ChartData& data) {
  const auto range = y_range(data, chart);
  if (!range) return std::nullopt;
  return plan(table, chart.y, *range, y_ticks);
}

std::vector<std::string> tick_labels(const AxisPlan& axis, const std::vector<double>& at) {
  std::vector<double> scaled_ticks;
  for (const double tick : at) scaled_ticks.push_back(tick * axis.shown_as.factor);
  std::vector<std::string> labels;
  if (axis.scale == Scale::linear) {
    const int decimals = decimals_of(scaled_ticks);
    for (const double tick : at) labels.push_back(shown(axis.shown_as, tick, decimals));
    return labels;
  }
  constexpr int most_decimals = 4;  // below that powers of ten
  for (const double tick : scaled_ticks) {
    const int decimals = decimals_of({tick});
    labels.push_back(decimals <= most_decimals ? fixed(tick, decimals) : significant(tick, 1));
  }
  return labels;
}

std::string fitted(const std::string& text, double width) {
  if (text_width(text) <= width) return text;
  std::string kept;
  for (size_t i = 0; i < text.size();) {
    const size_t length =
        std::max<size_t>(utf8_sequence_length(std::string_view(text).substr(i)), 1);
    if (text_width(kept) + text_width("ab") > width) break;
    kept += text.substr(i, length);
    i += length;
  }
  return kept + "\u2026";
}

void draw_x_axis(Svg& svg, const PlotArea& area, const AxisScale& scale, const AxisPlan& plan) {
  const std::vector<double> at = ticks(plan.scale, plan.range, x_ticks);
  const std::vector<std::string> labels = tick_labels(plan, at);
  double taken = -1e9;  // up to here labels lie already
  for (size_t i = 0; i < at.size(); ++i) {
    const double x = scale.pixel(at[i]);
    const bool zero = plan.scale == Scale::linear && at[i] == 0;
    svg.line({x, area.top}, {x, area.bottom}, zero ? "z" : "g");
    const double half = text_width(labels[i]) / 2;
    if (x - half < taken) continue;
    svg.text({x, area.bottom + 16}, Svg::Anchor::middle, labels[i]);
    taken = x + half + 4;
  }
  svg.text({(area.left + area.right) / 2, area.bottom + 34}, Svg::Anchor::middle, plan.title, "t");
}

Frame::Frame(std::string_view title, const AxisPlan& x, const AxisPlan& y)
    : area_(area_of(y)),
      x_(x.scale, x.range, area_.left, area_.right),
      y_(y.scale, y.range, area_.bottom, area_.top),
      svg_(chart_width, area_.bottom + below, title) {
  draw_x_axis(svg_, area_, x_, x);
  const std::vector<double> at = ticks(y.scale, y.range, y_ticks);
  const std::vector<std::string> labels = tick_labels(y, at);
  for (size_t i = 0; i < at.size(); ++i) {
    const double level = y_.pixel(at[i]);
    svg_.line({area_.left, level}, {area_.right, level}, "g");
    svg_.text({area_.left - 6, level + 4}, Svg::Anchor::end, labels[i]);
  }
  svg_.line({area_.left, area_.bottom}, {area_.right, area_.bottom}, "z");
  svg_.upright_text({13, (area_.top + area_.bottom) / 2}, y.title);
}

void Frame::mark(const Mark& mark) {
  if (mark.of == Mark::Of::x) {
    const double x = x_.pixel(mark.at);
    svg_.line({x, area_.top}, {x, area_.bottom}, "k");
    const bool on_the_right = x > (area_.left + area_.right) / 2;
    svg_.text({on_the_right ? x - 4 : x + 4, area_.bottom - 6},
              on_the_right ? Svg::Anchor::end : Svg::Anchor::start, mark.label, "n");
  } else {
    const double y = y_.pixel(mark.at);
    svg_.line({area_.left, y}, {area_.right, y}, "k");
    svg_.text({area_.right - 4, y - 4}, Svg::Anchor::end, mark.label, "n");
  }
}

RowFrame::RowFrame(std::string_view title, const Rows& rows, const AxisPlan& x,
                   const std::optional<double>& margin)
    : row_height_(rows.height),
      area_(row_area(rows)),
      x_(x.scale, x.range, area_.left, area_.right),
      svg_(chart_width, area_.bottom + below, title) {
  if (margin) {
    const double from = x_.pixel(-*margin), to = x_.pixel(*margin);
    svg_.box({from, area_.top}, to - from, area_.bottom - area_.top, "margin");
  }
  draw_x_axis(svg_, area_, x_, x);
  svg_.text({area_.left - 8, above + 6}, Svg::Anchor::end, fitted(rows.title, widest_name), "n");
  for (size_t i = 0; i < rows.names.size(); ++i) {
    svg_.text({area_.left - 8, middle(i) + 4}, Svg::Anchor::end,
              fitted(rows.names[i], widest_name));
  }
}

void RowFrame::mark(const Mark& mark) {
  const double x = x_.pixel(mark.at);
  svg_.line({x, area_.top}, {x, area_.bottom}, "k");
  svg_.text({x, area_.top - 4}, Svg::Anchor::middle, mark.label, "n");
}

double RowFrame::middle(size_t row) const {
  return area_.top + (static_cast<double>(row) + 0.5) * row_height_;
}

}  // namespace quantrial::report
