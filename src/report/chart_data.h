// A table's rows as a chart sees them: small charts, series with their style, coordinates.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/chart.h"
#include "report/chart_scale.h"

namespace quantrial::report {

struct Observation {
  std::string series;
  size_t style = 0;
  std::string x_name, y_name;     // of categories
  std::optional<Figure> x, y;     // of numbers
  std::optional<double> shade{};  // heat maps
  std::string note{};
};

struct Facet {
  std::string name;
  std::vector<Observation> observations;
};

struct ChartData {
  std::vector<Facet> facets;
  std::vector<std::pair<std::string, size_t>> series;  // names with their styles, in order
};
// Rows without what the kind of chart needs are left out.
ChartData chart_data(const DataTable& table, const Chart& chart);

// Over all facets, intervals included; absent where nothing can be placed.
std::optional<Range> x_range(const ChartData& data, const Chart& chart);
std::optional<Range> y_range(const ChartData& data, const Chart& chart);

// Categories of all facets in the order in which they come: small charts have the same rows.
std::vector<std::string> y_names(const ChartData& data);
std::vector<std::string> x_names(const ChartData& data);
// The place of `name` among `names`, which hold it.
size_t index_of(const std::vector<std::string>& names, const std::string& name);

// Observations of one series of the facet, in their order.
std::vector<const Observation*> of_series(const Facet& facet, const std::string& series);

}  // namespace quantrial::report
