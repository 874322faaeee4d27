// Figures as results.json spells them.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "statistics/interval.h"

namespace quantrial {

inline nlohmann::ordered_json figure(const statistics::Interval& i) {
  return {{"value", i.value}, {"lo", i.lo}, {"hi", i.hi}};
}
inline nlohmann::ordered_json figure(const std::optional<statistics::Interval>& i) {
  return i ? figure(*i) : nlohmann::ordered_json();
}

}  // namespace quantrial
