#include "report/chart_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/utf8.h"

namespace quantrial::report {
namespace {

constexpr std::array<std::string_view, 7> dashes = {"",    "6 3",  "2 3", "9 3 2 3",
                                                    "4 2", "12 4", "1 3"};

// A style is a colour, a shape, a dash and a hatching. The first eight have one of each; later ones
// take colours again (not the first, which is the base's) with hollow shapes and other partners.
struct Look {
  size_t colour = 0, shape = 0, dash = 0, hatching = 0;  // hatching 0: none
  bool hollow = false;
};
Look look(size_t style) {
  if (style < series_styles) return {style, style, style % dashes.size(), style};
  const size_t again = style - series_styles, partners = series_styles - 1;
  const size_t turn = again + 3 + again / partners;  // another partner in each round
  return {1 + again % partners, turn % series_styles, turn % dashes.size(), 1 + turn % partners,
          true};
}

std::string css_class(size_t style) {
  return style == faint_style ? "sf" : fmt::format("s{}", look(style).colour);
}

size_t hatching(size_t style) { return style == faint_style ? 0 : look(style).hatching; }

std::string dash(size_t style) {
  const std::string_view dashed = style == faint_style ? "" : dashes[look(style).dash];
  return dashed.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashed);
}

std::string number(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string path_of(const std::vector<Point>& points) {
  std::string path;
  for (const Point& p : points) {
    path += (path.empty() ? "M" : "L") + number(p.x) + " " + number(p.y);
  }
  return path;
}

// Corners of a regular shape around the centre.
std::vector<Point> corners(Point c, int count, double radius, double turn) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) {
    const double angle = turn + 2 * M_PI * i / count;
    points.push_back({c.x + radius * std::cos(angle), c.y + radius * std::sin(angle)});
  }
  return points;
}

std::string star(Point c, double outer, double inner) {
  const std::vector<Point> tips = corners(c, 4, outer, 0), notches = corners(c, 4, inner, M_PI / 4);
  std::vector<Point> outline;
  for (size_t i = 0; i < tips.size(); ++i) {
    outline.push_back(tips[i]);
    outline.push_back(notches[i]);
  }
  return path_of(outline) + "Z";
}

std::string shape(Point c, size_t style) {
  constexpr double r = 4;
  constexpr double up = -M_PI / 2, down = M_PI / 2;
  switch (style == faint_style ? 0 : look(style).shape) {
    case 1:
      return path_of(corners(c, 4, 1.25 * r, M_PI / 4)) + "Z";  // square
    case 2:
      return path_of(corners(c, 3, 1.35 * r, up)) + "Z";
    case 3:
      return path_of(corners(c, 4, 1.3 * r, up)) + "Z";  // diamond
    case 4:
      return path_of(corners(c, 3, 1.35 * r, down)) + "Z";
    case 5:
      return path_of(corners(c, 5, 1.2 * r, up)) + "Z";
    case 6:
      return path_of(corners(c, 3, 1.35 * r, 0)) + "Z";
    case 7:
      return star(c, 1.6 * r, 0.6 * r);
    default:
      return path_of(corners(c, 16, r, 0)) + "Z";
  }
}

std::string marker_path(Point centre, size_t style) {
  const bool hollow = style != faint_style && look(style).hollow;
  return fmt::format("<path class=\"m {}{}\" d=\"{}\"/>", css_class(style), hollow ? " o" : "",
                     shape(centre, style));
}

}  // namespace

std::string escaped_markup(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = utf8_sequence_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    if (length == 0 || control) {
      out += "\uFFFD";
      length = 1;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

double text_width(std::string_view text) {
  double characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  constexpr double mean_width = 0.62;  // of the size: DejaVu Sans, the widest of the usual faces
  return characters * mean_width * text_size;
}

Svg::Svg(double width, double height, std::string_view title) {
  out_ = fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "xmlns=\"http://www.w3.org/2000/svg\">"
      "<title>{}</title>",
      number(width), number(height), escaped_markup(title));
}

void Svg::line(Point from, Point to, std::string_view css) {
  out_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>", css,
                      number(from.x), number(from.y), number(to.x), number(to.y));
}

void Svg::polyline(const std::vector<Point>& points, size_t style) {
  out_ += fmt::format("<path class=\"l {}\"{} d=\"{}\"/>", css_class(style), dash(style),
                      path_of(points));
}

void Svg::band(const std::vector<Point>& outline, size_t style) {
  out_ += fmt::format("<path class=\"a {}\" d=\"{}Z\"/>", css_class(style), path_of(outline));
}

void Svg::box(Point corner, double width, double height, std::string_view css) {
  out_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", css,
                      number(corner.x), number(corner.y), number(width), number(height));
}

void Svg::bar(Point corner, double width, double height, size_t style) {
  box(corner, width, height, "b " + css_class(style));
  if (hatching(style) == 0) return;
  out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#h{})\"/>",
                      number(corner.x), number(corner.y), number(width), number(height),
                      hatching(style));
}

void Svg::whisker(Point from, Point to, size_t style) {
  constexpr double half = 3;
  const bool level = from.y == to.y;
  const double dx = level ? 0 : half, dy = level ? half : 0;
  const auto end = [&](Point p) {
    return fmt::format("M{} {}L{} {}", number(p.x - dx), number(p.y - dy), number(p.x + dx),
                       number(p.y + dy));
  };
  out_ += fmt::format("<path class=\"w {}\" d=\"{}{}{}\"/>", css_class(style), path_of({from, to}),
                      end(from), end(to));
}

void Svg::marker(Point centre, size_t style) { out_ += marker_path(centre, style); }

void Svg::cell(Point corner, double width, double height, double shade) {
  out_ += fmt::format(
      "<rect class=\"c\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.2f}\"/>",
      number(corner.x), number(corner.y), number(width), number(height), shade);
}

void Svg::text(Point at, Anchor anchor, std::string_view text, std::string_view css) {
  constexpr std::array<std::string_view, 3> names = {"start", "middle", "end"};
  out_ += fmt::format("<text{} x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>",
                      css.empty() ? "" : fmt::format(" class=\"{}\"", css), number(at.x),
                      number(at.y), names[static_cast<size_t>(anchor)], escaped_markup(text));
}

void Svg::upright_text(Point at, std::string_view text) {
  out_ += fmt::format(
      "<text class=\"t\" transform=\"translate({} {}) rotate(-90)\" "
      "text-anchor=\"middle\">{}</text>",
      number(at.x), number(at.y), escaped_markup(text));
}

std::string Svg::finish() { return std::move(out_) + "</svg>"; }

std::string hatchings() {
  // Lines of the page's own colour, seven directions and distances.
  struct Hatching {
    int angle;
    double distance, width;
  };
  constexpr std::array<Hatching, series_styles - 1> all = {{{45, 6, 1.2},
                                                            {-45, 6, 1.2},
                                                            {90, 5, 1},
                                                            {0, 5, 1},
                                                            {45, 3.5, 1},
                                                            {-45, 3.5, 1},
                                                            {90, 8, 3}}};
  std::string out = "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>";
  for (size_t i = 0; i < all.size(); ++i) {
    out += fmt::format(
        "<pattern id=\"h{}\" width=\"{}\" height=\"{}\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate({})\"><rect class=\"h\" width=\"{}\" height=\"{}\"/></pattern>",
        i + 1, all[i].distance, all[i].distance, all[i].angle, all[i].width, all[i].distance);
  }
  return out + "</defs></svg>";
}

namespace {

std::string swatch(double width, std::string_view inside) {
  return fmt::format(
      "<svg class=\"swatch\" viewBox=\"0 0 {0} 12\" width=\"{0}\" height=\"12\" "
      "aria-hidden=\"true\">{1}</svg>",
      width, inside);
}

}  // namespace

std::string line_swatch(size_t style) {
  return swatch(30, fmt::format("<path class=\"l {}\"{} d=\"M1 6L29 6\"/>{}", css_class(style),
                                dash(style), marker_path({15, 6}, style)));
}

std::string bar_swatch(size_t style) {
  std::string inside =
      fmt::format("<rect class=\"b {}\" width=\"16\" height=\"12\"/>", css_class(style));
  if (hatching(style) != 0) {
    inside += fmt::format("<rect width=\"16\" height=\"12\" fill=\"url(#h{})\"/>", hatching(style));
  }
  return swatch(16, inside);
}

}  // namespace quantrial::report
