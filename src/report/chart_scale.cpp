#include "report/chart_scale.h"

#include <algorithm>
#include <cmath>

namespace quantrial::report {
namespace {

double transformed(Scale scale, double value) {
  if (scale == Scale::linear) return value;
  return std::log2(value);
}

// 1, 2 or 5 times a power of ten, such that about `wanted` of them fill `length`.
double round_step(double length, int wanted) {
  const double rough = length / std::max(wanted, 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * 1.0000001) return factor * power;
  }
  return 10 * power;
}

constexpr double slack = 1e-9;  // of a step: what rounding may put a tick outside

std::vector<double> linear_ticks(const Range& range, int wanted) {
  const double step = round_step(range.to - range.from, wanted);
  std::vector<double> ticks;
  for (double i = std::ceil(range.from / step - slack); i * step <= range.to + slack * step; ++i) {
    ticks.push_back(i == 0 ? 0 : i * step);
  }
  return ticks;
}

std::vector<double> power_ticks(double base, const Range& range) {
  const double log = std::log2(base);
  std::vector<double> ticks;
  const double last = std::floor(std::log2(range.to) / log + slack);
  for (double e = std::ceil(std::log2(range.from) / log - slack); e <= last; ++e) {
    ticks.push_back(std::pow(base, e));
  }
  return ticks;
}

// Every n-th, such that no more than `most` are left.
std::vector<double> thinned(const std::vector<double>& ticks, int most) {
  const size_t step = (ticks.size() + static_cast<size_t>(most) - 1) / static_cast<size_t>(most);
  std::vector<double> kept;
  for (size_t i = 0; i < ticks.size(); i += std::max<size_t>(step, 1)) kept.push_back(ticks[i]);
  return kept;
}

std::vector<double> decimal_ticks(const Range& range, int wanted) {
  if (range.to < 8 * range.from) return linear_ticks(range, wanted);  // too few powers
  std::vector<double> ticks = power_ticks(10, {range.from / 10, range.to});
  std::vector<double> all;
  for (const double power : ticks) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * power;
      if (tick >= range.from * (1 - slack) && tick <= range.to * (1 + slack)) all.push_back(tick);
    }
  }
  if (static_cast<int>(all.size()) <= wanted) return all;
  return thinned(power_ticks(10, range), wanted);
}

}  // namespace

AxisScale::AxisScale(Scale scale, Range range, double first_pixel, double last_pixel)
    : scale_(scale), range_(range), first_pixel_(first_pixel), last_pixel_(last_pixel) {}

double AxisScale::pixel(double value) const {
  const double clamped = std::clamp(value, range_.from, range_.to);
  const double from = transformed(scale_, range_.from), to = transformed(scale_, range_.to);
  const double share = (transformed(scale_, clamped) - from) / (to - from);
  return first_pixel_ + share * (last_pixel_ - first_pixel_);
}

std::vector<double> ticks(Scale scale, const Range& range, int wanted) {
  switch (scale) {
    case Scale::log2:
      return thinned(power_ticks(2, range), wanted + 1);
    case Scale::log10:
      return decimal_ticks(range, wanted + 1);
    default:
      return linear_ticks(range, wanted);
  }
}

Range rounded(Scale scale, const Range& range, int wanted) {
  if (scale == Scale::linear) {
    Range wide = range;
    if (!(wide.to > wide.from)) {
      const double room = wide.from == 0 ? 1 : std::fabs(wide.from) * 0.1;
      wide = {wide.from - room, wide.to + room};
    }
    const double step = round_step(wide.to - wide.from, wanted);
    return {std::floor(wide.from / step + slack) * step, std::ceil(wide.to / step - slack) * step};
  }
  constexpr double room = 1.15;
  if (range.to > range.from * room) {
    return scale == Scale::log2 ? range : Range{range.from / room, range.to * room};
  }
  return {range.from / 2, range.to * 2};
}

int decimals_of(const std::vector<double>& ticks) {
  for (int decimals = 0; decimals < 8; ++decimals) {
    const double power = std::pow(10, decimals);
    const bool exact = std::all_of(ticks.begin(), ticks.end(), [&](double tick) {
      const double scaled = tick * power;
      return std::fabs(scaled - std::round(scaled)) < 1e-6 * std::max(1.0, std::fabs(scaled));
    });
    if (exact) return decimals;
  }
  return 8;
}

}  // namespace quantrial::report
