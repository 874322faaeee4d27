// A number for each pair of categories, as a shade and in digits.
#include <algorithm>
#include <cmath>

#include "report/chart_kinds.h"

namespace quantrial::report {
namespace {

constexpr double above = 42, row_height = 24, below = 26, widest_name = 150;

// Two digits in no more than six characters.
std::string in_a_cell(double value) {
  if (value == 0 || std::fabs(value) >= 0.001) return significant(value, 2);
  const int exponent = static_cast<int>(std::floor(std::log10(std::fabs(value))));
  return fixed(value / std::pow(10, exponent), 1) + "e" + std::to_string(exponent);
}

// Where cells lie.
struct Grid {
  std::vector<std::string> rows, columns;
  double left = 0;

  explicit Grid(const ChartPlan& plan) : rows(y_names(plan.data)), columns(x_names(plan.data)) {
    for (const std::string& name : rows) left = std::max(left, text_width(name) + 12);
    left = std::min(left, widest_name);
  }
  double width() const { return (chart_width - left - 8) / static_cast<double>(columns.size()); }
  double bottom() const { return above + row_height * static_cast<double>(rows.size()); }
  Point corner(size_t row, size_t column) const {
    return {left + static_cast<double>(column) * width(),
            above + static_cast<double>(row) * row_height};
  }
};

// What a chart shows in its cells: the number where all of them have room, the shade always.
struct Shades {
  double most = 0;
  bool with_numbers = true;
  Scaled scale;

  Shades(const ChartPlan& plan, const Grid& grid)
      : scale(scaled(plan.table, plan.table.column(plan.chart.shade))) {
    for (const Facet& facet : plan.data.facets) {
      for (const Observation& o : facet.observations) {
        most = std::max(most, std::fabs(*o.shade));
        with_numbers = with_numbers && text_width(in_a_cell(shown_value(o))) + 2 <= grid.width();
      }
    }
  }
  double shown_value(const Observation& o) const { return *o.shade * scale.factor; }
  double opacity(const Observation& o) const {
    constexpr double darkest = 0.75;  // text stays legible on it
    return most > 0 ? darkest * std::fabs(*o.shade) / most : 0;
  }
  std::string legend(const std::string& title) const {
    if (with_numbers) return "shade and number: " + title;
    return "shade: " + title + ", darkest " + in_a_cell(most * scale.factor);
  }
};

// Every column's name, or every n-th where they are too wide.
void name_columns(Svg& svg, const Grid& grid) {
  double widest = 0;
  for (const std::string& name : grid.columns) widest = std::max(widest, text_width(name) + 4);
  const auto step = static_cast<size_t>(std::max(1.0, std::ceil(widest / grid.width())));
  for (size_t c = 0; c < grid.columns.size(); c += step) {
    svg.text({grid.corner(0, c).x + grid.width() / 2, above - 8}, Svg::Anchor::middle,
             grid.columns[c]);
  }
}

void name_axes(Svg& svg, const Grid& grid, const ChartPlan& plan, const Shades& shades) {
  const DataTable& table = plan.table;
  const size_t x = table.column(plan.chart.x.column), y = table.column(plan.chart.y.column);
  svg.text({grid.left - 8, above - 8}, Svg::Anchor::end, table.columns[y].title, "n");
  svg.text({(grid.left + chart_width) / 2, 14}, Svg::Anchor::middle, heading(table, x), "t");
  svg.text({grid.left, grid.bottom() + 18}, Svg::Anchor::start,
           shades.legend(heading(table, table.column(plan.chart.shade))), "n");
  name_columns(svg, grid);
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    svg.text({grid.left - 8, grid.corner(r, 0).y + row_height / 2 + 4}, Svg::Anchor::end,
             fitted(grid.rows[r], grid.left - 10));
  }
}

}  // namespace

std::string heat_panel(const Facet& facet, const ChartPlan& plan) {
  const Grid grid(plan);
  const Shades shades(plan, grid);
  Svg svg(chart_width, grid.bottom() + below, panel_title(facet, plan));
  name_axes(svg, grid, plan, shades);
  for (const Observation& o : facet.observations) {
    const Point corner =
        grid.corner(index_of(grid.rows, o.y_name), index_of(grid.columns, o.x_name));
    svg.cell(corner, grid.width() - 1, row_height - 1, shades.opacity(o));
    if (!shades.with_numbers) continue;
    svg.text({corner.x + grid.width() / 2, corner.y + row_height / 2 + 4}, Svg::Anchor::middle,
             in_a_cell(shades.shown_value(o)));
  }
  return svg.finish();
}

}  // namespace quantrial::report
