// What a chart shows, in words: which columns of a table lie along its axes, which one tells its
// series apart, which one makes a small chart each. Drawn as SVG that needs nothing else
// (docs/decisions/0015-own-charts.md). Axes take titles and units from the columns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/data_table.h"

namespace quantrial::report {

enum class Scale { linear, log2, log10 };

struct Axis {
  std::string column;
  Scale scale = Scale::linear;
  std::optional<double> from{}, to{};  // as stored; without: what the data need
};

enum class Kind {
  lines,         // y over x, a line with its band a series
  points,        // x against y, with the intervals of both
  intervals,     // a category a row (y), a point with its interval (x)
  bars,          // a category a row (y), lengths (x), one a series
  stacked_bars,  // a category a row (y), lengths (x) of all series one after the other
  heat_map,      // y against x, both categories; `shade` is the colour and the number
};

// A line across the chart at a value of x, or of y.
struct Mark {
  enum class Of { x, y } of = Of::x;
  double at = 0;
  std::string label;
};

struct Chart {
  Kind kind = Kind::lines;
  Axis x, y;
  std::string series{};  // a column; empty: one series
  std::string facet{};   // a column; empty: one chart
  std::string shade{};   // heat maps
  // Names of series in the order of their styles; others follow as they come.
  std::vector<std::string> order{};
  std::optional<double> margin{};  // of a difference: a band from -margin to +margin along x
  std::vector<Mark> marks{};
  std::string note{};  // intervals: a column whose text stands at the end of the row
};

struct Panel {
  std::string title;  // of its facet
  std::string svg;
};
struct LegendEntry {
  std::string label, svg;
};
struct DrawnChart {
  std::vector<Panel> panels;        // none where there is nothing to draw
  std::vector<LegendEntry> legend;  // empty for one series
};
DrawnChart draw(const DataTable& table, const Chart& chart);

// A row's interval as a word-sized picture on the range that all rows of the column share.
std::string interval_picture(const DataTable& table, size_t column, const Figure& figure,
                             const std::optional<double>& margin);

}  // namespace quantrial::report
