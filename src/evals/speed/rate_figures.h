// Intervals of speeds and of drafts that were right, and latencies as results.json spells them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "statistics/interval.h"

namespace quantrial {

// {"p50", "p90", "p95", "p99"}: nearest rank with order-statistic intervals, null where there are
// too few values (statistics/percentile.h).
nlohmann::ordered_json percentile_figures(const std::vector<double>& values);

// Mean over rounds with Student's t interval; no bounds with a single round, null with none.
nlohmann::ordered_json mean_over_rounds(std::span<const double> values);
// Geometric mean of ratios of one round each, the t interval that of their logarithms.
nlohmann::ordered_json mean_ratio(std::span<const double> ratios);

// Of one request: how often something could be right, and how often it was.
struct RightCount {
  int64_t right = 0, of = 0;
};

// The share of all that was right. Rounds of one request are alike, so the interval is that of a
// bootstrap over requests; few requests tell little about their spread, so it holds Wilson's as
// well. Absent when nothing could be right.
std::optional<statistics::Interval> right_share(std::span<const RightCount> requests,
                                                uint64_t seed);

// Draft rounds of one request: how many, and how many accepted at least 1, 2, ... drafts.
struct AcceptedRounds {
  int64_t rounds = 0;
  std::vector<int64_t> at_least{};
};

// Tokens a round, 1 + what was accepted: with the token that the model itself gives. Interval: as
// of right_share, holding that of a mean over rounds by themselves. Absent without rounds.
std::optional<statistics::Interval> mean_round_length(std::span<const AcceptedRounds> requests,
                                                      uint64_t seed);

}  // namespace quantrial
