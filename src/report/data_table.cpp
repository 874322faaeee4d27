#include "report/data_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace quantrial::report {
namespace {

constexpr std::string_view minus = "\u2212", dash = "\u2013";

double largest(const DataTable& table, size_t column) {
  double most = 0;
  for (const Row& row : table.rows) {
    if (const auto f = figure(row.values.at(column))) most = std::max(most, std::fabs(f->value));
  }
  return most;
}

Scaled of_bytes(double most) {
  constexpr double kilo = 1e3, mega = 1e6, giga = 1e9;  // GB as on the box of a card: 10^9
  if (most >= giga) return {Unit::bytes, 1 / giga, "GB"};
  if (most >= mega) return {Unit::bytes, 1 / mega, "MB"};
  if (most >= kilo) return {Unit::bytes, 1 / kilo, "kB"};
  return {Unit::bytes, 1, "B"};
}

// No sign before what is shown as zero.
std::string with_sign(double value, const std::string& shown) {
  const bool zero = shown.find_first_not_of("0.,") == std::string::npos;
  return value > 0 && !zero ? "+" + shown : shown;
}

std::string probability(double p) {
  if (p < 0.001) return "<0.001";
  return fixed(p, p < 0.1 ? 3 : 2);
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_number(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "";
}

std::string csv_value(const Value& value) {
  if (const auto* s = std::get_if<std::string>(&value)) return csv_text(*s);
  return csv_number(number(value));
}

}  // namespace

Value value(const std::optional<Figure>& figure) {
  return figure ? Value(*figure) : Value(std::monostate());
}

Value value(const std::optional<double>& number) {
  return number ? Value(*number) : Value(std::monostate());
}

size_t DataTable::column(std::string_view key) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.key == key; });
  require(found != columns.end(), "a chart asks for a column that its table has");
  return static_cast<size_t>(found - columns.begin());
}

bool DataTable::has_column(std::string_view key) const {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Column& column) { return column.key == key; });
}

bool has_intervals(const DataTable& table, size_t column) {
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
    const auto* f = std::get_if<Figure>(&row.values.at(column));
    return f != nullptr && f->lo;
  });
}

std::optional<double> number(const Value& value) {
  const auto f = figure(value);
  return f ? std::optional(f->value) : std::nullopt;
}

std::optional<Figure> figure(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return Figure{*number};
  if (const auto* f = std::get_if<Figure>(&value)) return *f;
  return std::nullopt;
}

std::string text(const Value& value) {
  const auto* s = std::get_if<std::string>(&value);
  return s != nullptr ? *s : "";
}

bool is_numeric(Unit unit) { return unit != Unit::text; }

Scaled scaled(const DataTable& table, size_t column) {
  const Unit unit = table.columns.at(column).unit;
  constexpr double second = 1000;  // ms
  switch (unit) {
    case Unit::share:
      return {unit, 100, "%"};
    case Unit::points:
      return {unit, 100, "points"};
    case Unit::bytes:
      return of_bytes(largest(table, column));
    case Unit::milliseconds:
      if (largest(table, column) >= 10 * second) return {unit, 1 / second, "s"};
      return {unit, 1, "ms"};
    case Unit::seconds:
      return {unit, 1, "s"};
    case Unit::tokens:
      return {unit, 1, "tokens"};
    case Unit::tokens_per_second:
      return {unit, 1, "tokens/s"};
    case Unit::nats:
      return {unit, 1, "nats"};
    default:
      return {unit, 1, ""};
  }
}

std::string heading(const DataTable& table, size_t column) {
  const std::string label = scaled(table, column).label;
  const std::string& title = table.columns.at(column).title;
  return label.empty() || title.ends_with(label) ? title : title + ", " + label;
}

std::string fixed(double value, int decimals) {
  std::string digits = fmt::format("{:.{}f}", std::fabs(value), decimals);
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  const size_t point = std::min(digits.find('.'), digits.size());
  for (size_t i = point; i > 3; i -= 3) digits.insert(i - 3, ",");
  return (value < 0 && !zero ? std::string(minus) : "") + digits;
}

std::string significant(double value, int digits) {
  if (value == 0) return "0";
  const int exponent = static_cast<int>(std::floor(std::log10(std::fabs(value))));
  constexpr int smallest = -4;  // below it, powers of ten
  if (exponent < smallest) {
    return fixed(value / std::pow(10, exponent), 1) + fmt::format("e{}", exponent);
  }
  return fixed(value, std::max(0, digits - 1 - exponent));
}

std::string shown(const Scaled& scale, double stored, int decimals) {
  const double value = stored * scale.factor;
  if (decimals >= 0) {
    const bool is_signed = scale.unit == Unit::points || scale.unit == Unit::signed_number;
    return is_signed ? with_sign(value, fixed(value, decimals)) : fixed(value, decimals);
  }
  switch (scale.unit) {
    case Unit::share:
      return fixed(value, 1);
    case Unit::points:
      return with_sign(value, fixed(value, 1));
    case Unit::signed_number:
      return with_sign(value, significant(value, 2));
    case Unit::nats:
      return significant(value, 2);
    case Unit::ratio:
    case Unit::bits:
      return fixed(value, 2);
    case Unit::probability:
      return probability(value);
    case Unit::seconds:
      return significant(value, std::fabs(value) < 1 ? 2 : 3);
    case Unit::count:
      return fixed(value, 0);
    case Unit::tokens:
      return fixed(value, std::fabs(value) < 100 && value != std::round(value) ? 1 : 0);
    default:
      return significant(value, 3);
  }
}

std::string shown(const Scaled& scale, const Value& value) {
  if (const auto* s = std::get_if<std::string>(&value); s != nullptr && !s->empty()) return *s;
  const auto f = figure(value);
  if (!f) return std::string(dash);
  const std::string middle = shown(scale, f->value);
  if (!f->lo) return middle;
  return fmt::format("{} [{}, {}]", middle, shown(scale, *f->lo), shown(scale, *f->hi));
}

std::string csv(const DataTable& table) {
  std::string out;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const std::string& key = table.columns[c].key;
    out += (c > 0 ? "," : "") + csv_text(key);
    if (has_intervals(table, c)) out += "," + csv_text(key + "_lo") + "," + csv_text(key + "_hi");
  }
  out += "\n";
  for (const Row& row : table.rows) {
    for (size_t c = 0; c < table.columns.size(); ++c) {
      out += (c > 0 ? "," : "") + csv_value(row.values.at(c));
      if (!has_intervals(table, c)) continue;
      const auto f = figure(row.values[c]);
      out +=
          "," + csv_number(f ? f->lo : std::nullopt) + "," + csv_number(f ? f->hi : std::nullopt);
    }
    out += "\n";
  }
  return out;
}

}  // namespace quantrial::report
