// Rows of named columns with units: the one thing that a table, a CSV file and a chart of the
// report are made from, so that they cannot differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "report/values.h"

namespace quantrial::report {

// How a column's numbers are meant; as stored they are fractions, bytes, milliseconds.
enum class Unit {
  text,
  count,
  number,
  share,   // a fraction, shown in %
  points,  // a difference of fractions, shown in percentage points with its sign
  signed_number,
  ratio,
  probability,
  bits,
  bytes,
  milliseconds,
  seconds,
  tokens,
  tokens_per_second,
  nats,
};

struct Column {
  std::string key;    // in the CSV
  std::string title;  // for people, without the unit
  Unit unit = Unit::text;
};

// Nothing, a number, a number with its interval, or a text (which may say why there is no number).
using Value = std::variant<std::monostate, double, Figure, std::string>;
Value value(const std::optional<Figure>& figure);
Value value(const std::optional<double>& number);

enum class Tone { plain, strong, faint };

struct Row {
  std::vector<Value> values;
  Tone tone = Tone::plain;
};

struct DataTable {
  std::string name;  // of its CSV file, without .csv
  std::string title;
  std::vector<Column> columns;
  std::vector<Row> rows{};

  void add(std::vector<Value> values, Tone tone = Tone::plain) {
    rows.push_back({std::move(values), tone});
  }
  size_t column(std::string_view key) const;  // requires that it is there
  bool has_column(std::string_view key) const;
};
// Whether any row has an interval there.
bool has_intervals(const DataTable& table, size_t column);

std::optional<double> number(const Value& value);
std::optional<Figure> figure(const Value& value);
std::string text(const Value& value);  // of a text; else ""

// How a column is shown: the unit that suits its largest number.
struct Scaled {
  Unit unit = Unit::text;
  double factor = 1;  // shown = stored * factor
  std::string label;  // "%", "MB"; "" for none
};
Scaled scaled(const DataTable& table, size_t column);
std::string heading(const DataTable& table, size_t column);  // "accuracy, %"

// One number as people read it; `decimals` < 0: as many as its size asks for.
std::string shown(const Scaled& scale, double stored, int decimals = -1);
// "-1.3 [-2.5, -0.1]"; "–" for nothing.
std::string shown(const Scaled& scale, const Value& value);
bool is_numeric(Unit unit);

// RFC 4180; numbers as stored, to the last digit; a figure gives KEY, KEY_lo, KEY_hi.
std::string csv(const DataTable& table);

// `value` with as many digits as make `digits` significant ones, thousands apart, U+2212 for minus.
std::string significant(double value, int digits);
std::string fixed(double value, int decimals);

}  // namespace quantrial::report
