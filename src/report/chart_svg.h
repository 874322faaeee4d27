// The few SVG shapes that charts are made of. Colours are CSS classes, so that they follow the
// page: `s0`, `s1`, ... set --c, the colour of a series.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantrial::report {

struct Point {
  double x = 0, y = 0;
};

class Svg {
 public:
  Svg(double width, double height, std::string_view title);

  void line(Point from, Point to, std::string_view css);
  void polyline(const std::vector<Point>& points, size_t style);
  void band(const std::vector<Point>& outline, size_t style);
  void box(Point corner, double width, double height, std::string_view css);
  // A bar of a series: its colour, and its hatching for those who see none.
  void bar(Point corner, double width, double height, size_t style);
  void whisker(Point from, Point to, size_t style);  // horizontal or vertical, with ends
  void marker(Point centre, size_t style);
  void cell(Point corner, double width, double height, double shade);  // 0..1
  enum class Anchor { start, middle, end };
  void text(Point at, Anchor anchor, std::string_view text, std::string_view css = "");
  void upright_text(Point at, std::string_view text);  // read from below, centred
  std::string finish();

 private:
  std::string out_;
};

// The series style that draws in grey whatever its number.
inline constexpr size_t faint_style = 1000;

std::string escaped_markup(std::string_view text);  // & < > " ' and what XML cannot hold

// Hatchings of the page, used by bars; one hidden SVG.
std::string hatchings();
// How a series looks in a legend: as line and marker, or as bar.
std::string line_swatch(size_t style);
std::string bar_swatch(size_t style);

// About how wide a text is in a chart.
double text_width(std::string_view text);
inline constexpr double text_size = 12;

inline constexpr size_t series_styles = 8;

}  // namespace quantrial::report
