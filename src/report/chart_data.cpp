#include "report/chart_data.h"

#include <algorithm>
#include <cmath>

#include "report/chart_svg.h"

namespace quantrial::report {
namespace {

bool has_category_rows(Kind kind) {
  return kind == Kind::intervals || kind == Kind::bars || kind == Kind::stacked_bars ||
         kind == Kind::heat_map;
}

bool complete(const Observation& o, const Chart& chart) {
  const auto placed = [](const std::optional<Figure>& f, Scale scale) {
    return f && (scale == Scale::linear || f->value > 0);
  };
  if (chart.kind == Kind::heat_map) return o.shade.has_value();
  const bool x = placed(o.x, chart.x.scale);
  return has_category_rows(chart.kind) ? x : x && placed(o.y, chart.y.scale);
}

class Reader {
 public:
  Reader(const DataTable& table, const Chart& chart) : table_(table), chart_(chart) {}

  Observation observation(const Row& row) {
    Observation o{name(row, chart_.series),
                  0,
                  name(row, chart_.x.column),
                  name(row, chart_.y.column),
                  report::figure(cell(row, chart_.x.column)),
                  report::figure(cell(row, chart_.y.column))};
    if (!chart_.shade.empty()) o.shade = report::number(cell(row, chart_.shade));
    if (!chart_.note.empty()) o.note = report::text(cell(row, chart_.note));
    o.style = style(o.series);
    if (row.tone == Tone::faint) o.style = faint_style;
    return o;
  }
  // A category's name; of a number as it is shown.
  std::string name(const Row& row, const std::string& column) const {
    if (column.empty()) return "";
    const size_t c = table_.column(column);
    if (const auto* s = std::get_if<std::string>(&row.values.at(c))) return *s;
    return shown(scaled(table_, c), row.values.at(c));
  }
  size_t style(const std::string& series) {
    const auto known = std::find(chart_.order.begin(), chart_.order.end(), series);
    if (known != chart_.order.end()) return static_cast<size_t>(known - chart_.order.begin());
    const auto [it, added] = others_.emplace(series, chart_.order.size() + others_.size());
    return it->second;
  }

 private:
  const Value& cell(const Row& row, const std::string& column) const {
    return row.values.at(table_.column(column));
  }

  const DataTable& table_;
  const Chart& chart_;
  std::map<std::string, size_t> others_;
};

Facet& facet_named(std::vector<Facet>& facets, const std::string& name) {
  for (Facet& facet : facets) {
    if (facet.name == name) return facet;
  }
  return facets.emplace_back(Facet{name, {}});
}

// Widens as values come.
struct Extent {
  std::optional<Range> range;
  Scale scale = Scale::linear;

  void add(double value) {
    if (scale != Scale::linear && value <= 0) return;
    if (!range) range = Range{value, value};
    range->from = std::min(range->from, value);
    range->to = std::max(range->to, value);
  }
  void add(const std::optional<Figure>& f) {
    if (!f) return;
    add(f->value);
    if (f->lo) add(*f->lo);
    if (f->hi) add(*f->hi);
  }
};

// Bars one after the other end at the sum of the positive and of the negative ones of their row.
void add_stacks(const Facet& facet, Extent& extent) {
  std::map<std::string, std::pair<double, double>> sums;
  for (const Observation& o : facet.observations) {
    auto& [negative, positive] = sums[o.y_name];
    (o.x->value < 0 ? negative : positive) += o.x->value;
    extent.add(negative);
    extent.add(positive);
  }
}

std::optional<Range> pinned(std::optional<Range> range, const Axis& axis) {
  if (!range) return range;
  if (axis.from) range->from = *axis.from;
  if (axis.to) range->to = *axis.to;
  return range;
}

std::vector<std::string> names(const ChartData& data, std::string Observation::*which) {
  std::vector<std::string> names;
  for (const Facet& facet : data.facets) {
    for (const Observation& o : facet.observations) {
      if (std::find(names.begin(), names.end(), o.*which) == names.end()) names.push_back(o.*which);
    }
  }
  return names;
}

}  // namespace

ChartData chart_data(const DataTable& table, const Chart& chart) {
  ChartData data;
  Reader reader(table, chart);
  for (const Row& row : table.rows) {
    Observation o = reader.observation(row);
    if (!complete(o, chart)) continue;
    const std::pair series(o.series, reader.style(o.series));
    if (std::find(data.series.begin(), data.series.end(), series) == data.series.end()) {
      data.series.push_back(series);
    }
    facet_named(data.facets, reader.name(row, chart.facet)).observations.push_back(std::move(o));
  }
  std::stable_sort(data.series.begin(), data.series.end(),
                   [](const auto& a, const auto& b) { return a.second < b.second; });
  return data;
}

std::optional<Range> x_range(const ChartData& data, const Chart& chart) {
  Extent extent{std::nullopt, chart.x.scale};
  const bool from_zero = chart.kind == Kind::bars || chart.kind == Kind::stacked_bars;
  if (from_zero || chart.margin) extent.add(0);
  if (chart.margin) {
    extent.add(-*chart.margin);
    extent.add(*chart.margin);
  }
  for (const Facet& facet : data.facets) {
    if (chart.kind == Kind::stacked_bars) {
      add_stacks(facet, extent);
      continue;
    }
    for (const Observation& o : facet.observations) extent.add(o.x);
  }
  for (const Mark& mark : chart.marks) {
    if (mark.of == Mark::Of::x) extent.add(mark.at);
  }
  return pinned(extent.range, chart.x);
}

std::optional<Range> y_range(const ChartData& data, const Chart& chart) {
  Extent extent{std::nullopt, chart.y.scale};
  for (const Facet& facet : data.facets) {
    for (const Observation& o : facet.observations) extent.add(o.y);
  }
  for (const Mark& mark : chart.marks) {
    if (mark.of == Mark::Of::y) extent.add(mark.at);
  }
  return pinned(extent.range, chart.y);
}

std::vector<std::string> y_names(const ChartData& data) {
  return names(data, &Observation::y_name);
}
std::vector<std::string> x_names(const ChartData& data) {
  return names(data, &Observation::x_name);
}

size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<const Observation*> of_series(const Facet& facet, const std::string& series) {
  std::vector<const Observation*> found;
  for (const Observation& o : facet.observations) {
    if (o.series == series) found.push_back(&o);
  }
  return found;
}

}  // namespace quantrial::report
