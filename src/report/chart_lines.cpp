// Lines and points: two axes of numbers.
#include <algorithm>

#include "report/chart_kinds.h"

namespace quantrial::report {
namespace {

// More bands than these hide each other: then the first series alone has one.
constexpr size_t most_bands = 4;
constexpr size_t most_markers = 12;  // of a line

void draw_band(Frame& frame, const std::vector<const Observation*>& line, size_t style) {
  std::vector<Point> upper, lower;
  for (const Observation* o : line) {
    if (!o->y->lo) continue;
    upper.push_back(frame.place(o->x->value, *o->y->hi));
    lower.push_back(frame.place(o->x->value, *o->y->lo));
  }
  if (upper.size() < 2) return;
  upper.insert(upper.end(), lower.rbegin(), lower.rend());
  frame.svg().band(upper, style);
}

void draw_line(Frame& frame, const std::vector<const Observation*>& line) {
  std::vector<Point> points;
  for (const Observation* o : line) {
    points.push_back(frame.place(o->x->value, o->y->value));
  }
  const size_t style = line.front()->style;
  if (line.size() > 1) frame.svg().polyline(points, style);
  if (line.size() > most_markers) return;
  for (const Observation* o : line) {
    const Point p = frame.place(o->x->value, o->y->value);
    if (line.size() == 1 && o->y->lo) {
      frame.svg().whisker(frame.place(o->x->value, *o->y->lo), frame.place(o->x->value, *o->y->hi),
                          style);
    }
    frame.svg().marker(p, style);
  }
}

}  // namespace

std::string line_panel(const Facet& facet, const ChartPlan& plan) {
  Frame frame(panel_title(facet, plan), plan.x, plan.y);
  for (const Mark& mark : plan.chart.marks) frame.mark(mark);
  std::vector<std::vector<const Observation*>> lines;
  for (const auto& [name, style] : plan.data.series) {
    lines.push_back(of_series(facet, name));
    if (lines.back().empty()) lines.pop_back();
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines.size() <= most_bands || i == 0) draw_band(frame, lines[i], lines[i].front()->style);
  }
  for (const auto& line : lines) draw_line(frame, line);
  return frame.finish();
}

std::string point_panel(const Facet& facet, const ChartPlan& plan) {
  Frame frame(panel_title(facet, plan), plan.x, plan.y);
  for (const Mark& mark : plan.chart.marks) frame.mark(mark);
  for (const Observation& o : facet.observations) {
    if (o.x->lo) {
      frame.svg().whisker(frame.place(*o.x->lo, o.y->value), frame.place(*o.x->hi, o.y->value),
                          o.style);
    }
    if (o.y->lo) {
      frame.svg().whisker(frame.place(o.x->value, *o.y->lo), frame.place(o.x->value, *o.y->hi),
                          o.style);
    }
  }
  for (const Observation& o : facet.observations) {
    frame.svg().marker(frame.place(o.x->value, o.y->value), o.style);
  }
  return frame.finish();
}

}  // namespace quantrial::report
