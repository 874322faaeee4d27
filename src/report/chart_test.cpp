#include "report/chart.h"

#include <gtest/gtest.h>

#include <set>

#include "report/chart_scale.h"
#include "report/chart_svg.h"

namespace quantrial::report {
namespace {

using Ticks = std::vector<double>;

// What d3-array 3.2 gives for ticks(0, 97, 5), ticks(-0.3, 0.1, 4), ticks(0, 1, 5).
TEST(ChartTicks, AreRoundNumbers) {
  EXPECT_EQ(ticks(Scale::linear, {0, 97}, 5), (Ticks{0, 20, 40, 60, 80}));
  const Ticks across = ticks(Scale::linear, {-0.3, 0.1}, 4);
  ASSERT_EQ(across.size(), 5u);
  EXPECT_DOUBLE_EQ(across[0], -0.3);
  EXPECT_EQ(across[3], 0) << "zero is zero";
  EXPECT_EQ(decimals_of(across), 1);
}

TEST(ChartTicks, OfLogarithmsArePowers) {
  EXPECT_EQ(ticks(Scale::log2, {1, 8}, 5), (Ticks{1, 2, 4, 8}));
  EXPECT_EQ(ticks(Scale::log10, {0.9, 110}, 3), (Ticks{1, 10, 100}));
  EXPECT_EQ(ticks(Scale::log10, {1, 10}, 5), (Ticks{1, 2, 5, 10}));
}

TEST(ChartTicks, ARangeOfOneValueIsWidened) {
  for (const Scale scale : {Scale::linear, Scale::log2, Scale::log10}) {
    const Range range = rounded(scale, {3, 3}, 5);
    EXPECT_LT(range.from, 3);
    EXPECT_GT(range.to, 3);
  }
  const Range zero = rounded(Scale::linear, {0, 0}, 5);
  EXPECT_LT(zero.from, zero.to);
}

TEST(ChartScale, PutsValuesInPlace) {
  const AxisScale log(Scale::log2, {1, 16}, 0, 400);
  EXPECT_DOUBLE_EQ(log.pixel(4), 200);
  const AxisScale up(Scale::linear, {0, 1}, 200, 0);
  EXPECT_DOUBLE_EQ(up.pixel(0.25), 150);
  EXPECT_DOUBLE_EQ(up.pixel(7), 0) << "what lies outside stays at the edge";
}

TEST(Markup, IsEscaped) {
  EXPECT_EQ(escaped_markup("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escaped_markup("\x01\xff\u00e4\n"), "\uFFFD\uFFFD\u00e4\n");
}

DataTable table() {
  DataTable t{"t",
              "Accuracy & length",
              {{"variant", "variant"}, {"k", "k", Unit::count}, {"share", "right", Unit::share}}};
  for (const char* variant : {"<base>", "other"}) {
    t.add({variant, 1.0, Figure{0.5, 0.4, 0.6}});
    t.add({variant, 2.0, Figure{0.7, 0.6, 0.8}});
    t.add({variant, 4.0, std::monostate()});
  }
  return t;
}

Chart lines() {
  Chart chart{Kind::lines, {"k", Scale::log2}, {"share"}};
  chart.series = "variant";
  return chart;
}

TEST(Charts, HaveTitlesUnitsAndALegend) {
  const DrawnChart drawn = draw(table(), lines());
  ASSERT_EQ(drawn.panels.size(), 1u);
  const std::string& svg = drawn.panels[0].svg;
  EXPECT_NE(svg.find(">right, %</text>"), std::string::npos) << svg;
  EXPECT_NE(svg.find(">k</text>"), std::string::npos);
  EXPECT_NE(svg.find("<title>Accuracy &amp; length</title>"), std::string::npos);
  ASSERT_EQ(drawn.legend.size(), 2u);
  EXPECT_EQ(drawn.legend[0].label, "<base>");
}

TEST(Charts, AVariantLooksTheSameInEveryChart) {
  Chart chart = lines();
  chart.order = {"other", "third", "<base>"};
  const DrawnChart drawn = draw(table(), chart);
  ASSERT_EQ(drawn.legend.size(), 2u);
  EXPECT_EQ(drawn.legend[0].label, "other");
  EXPECT_NE(drawn.legend[1].svg.find("s2"), std::string::npos) << "third in order";
}

// Each of twenty series can be told from every other as a line with its marker, and as a bar.
TEST(Charts, NoTwoSeriesLookAlike) {
  for (const auto& swatch : {line_swatch, bar_swatch}) {
    std::set<std::string> seen;
    for (size_t style = 0; style < 20; ++style) {
      EXPECT_TRUE(seen.insert(swatch(style)).second) << style;
    }
  }
}

TEST(Charts, WithoutAnythingToPlaceAreNone) {
  DataTable t = table();
  for (Row& row : t.rows) row.values[2] = std::monostate();
  EXPECT_TRUE(draw(t, lines()).panels.empty());
  t.rows.clear();
  EXPECT_TRUE(draw(t, lines()).panels.empty());
}

TEST(Charts, UndecidedRowsAreGrey) {
  DataTable t = table();
  for (Row& row : t.rows) row.tone = Tone::faint;
  Chart chart{Kind::intervals, {"share"}, {"variant"}};
  EXPECT_NE(draw(t, chart).panels.at(0).svg.find("class=\"m sf\""), std::string::npos);
}

TEST(Charts, OfEveryKindAreDrawn) {
  for (const Kind kind : {Kind::lines, Kind::points}) {
    Chart chart = lines();
    chart.kind = kind;
    EXPECT_FALSE(draw(table(), chart).panels.empty());
  }
  for (const Kind kind : {Kind::intervals, Kind::bars, Kind::stacked_bars}) {
    Chart chart{kind, {"share"}, {"variant"}};
    chart.facet = "k";
    EXPECT_EQ(draw(table(), chart).panels.size(), 2u);
  }
  Chart heat{Kind::heat_map, {"k"}, {"variant"}};
  heat.shade = "share";
  EXPECT_NE(draw(table(), heat).panels.at(0).svg.find(">70</text>"), std::string::npos);
}

}  // namespace
}  // namespace quantrial::report
