#include "evals/speed/speed_figures.h"

#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "evals/figures.h"
#include "evals/speed/rate_figures.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

using Rounds = std::vector<const SpeedObservation*>;
using RoundsByCell = std::map<SpeedCell, Rounds>;

// Those of fixed length.
RoundsByCell by_cell(std::span<const SpeedObservation> observations) {
  RoundsByCell cells;
  for (const SpeedObservation& o : observations) {
    if (o.cell.prompt_tokens != SpeedCell::natural) cells[o.cell].push_back(&o);
  }
  return cells;
}

ordered_json cell_json(const SpeedCell& cell) {
  return {{"concurrency", cell.concurrency},
          {"prompt_tokens", cell.prompt_tokens},
          {"draft_tokens", cell.draft_tokens}};
}

// use(request) for every request of all rounds.
template <typename Use>
void for_each_request(const Rounds& rounds, Use use) {
  for (const SpeedObservation* o : rounds) {
    for (const TimedRequest& request : o->requests) use(request);
  }
}

ordered_json speed_run(const SpeedCell& cell, const Rounds& rounds) {
  std::vector<double> ttft, tpot, e2e, prefill, decode;
  for_each_request(rounds, [&](const TimedRequest& r) {
    ttft.push_back(r.ttft_ms);
    e2e.push_back(r.e2e_ms);
    if (r.tokens > 1) {
      tpot.push_back((r.e2e_ms - r.ttft_ms) / static_cast<double>(r.tokens - 1));
    }
  });
  for (const SpeedObservation* o : rounds) {
    prefill.push_back(o->prefill.tokens_per_s());
    decode.push_back(o->decode.tokens_per_s());
  }
  ordered_json run = cell_json(cell);
  run["rounds"] = rounds.size();
  run["requests"] = ttft.size();
  run["ttft_ms"] = percentile_figures(ttft);
  run["tpot_ms"] = percentile_figures(tpot);
  run["e2e_ms"] = percentile_figures(e2e);
  run["prefill_tokens_per_s"] = mean_over_rounds(prefill);
  run["decode_tokens_per_s"] = mean_over_rounds(decode);
  return run;
}

// Decode speed over that of the same rounds without drafts.
ordered_json speedup(const Rounds& rounds, const Rounds& without) {
  std::map<int64_t, double> speed;
  for (const SpeedObservation* o : without) speed[o->round] = o->decode.tokens_per_s();
  std::vector<double> ratios;
  for (const SpeedObservation* o : rounds) {
    const auto other = speed.find(o->round);
    if (other != speed.end()) ratios.push_back(o->decode.tokens_per_s() / other->second);
  }
  return mean_ratio(ratios);
}

// alpha_j = a_j / a_(j-1), a_0 = drafts; `position` j from 0.
ordered_json acceptance(std::span<const SpeculationCounters> requests, size_t position,
                        uint64_t seed) {
  std::vector<RightCount> counts;
  for (const SpeculationCounters& c : requests) {
    counts.push_back({c.accepted_by_position[position],
                      position == 0 ? c.drafts : c.accepted_by_position[position - 1]});
  }
  return figure(right_share(counts, seed));
}

ordered_json draft_run(const SpeedCell& cell, const Rounds& rounds, const Rounds& without,
                       uint64_t seed) {
  std::vector<SpeculationCounters> requests;
  std::vector<AcceptedRounds> lengths;
  SpeculationCounters all;
  for_each_request(rounds, [&](const TimedRequest& r) {
    const SpeculationCounters c = requests.emplace_back(r.speculation());
    all += c;
    lengths.push_back({c.drafts, {c.accepted_by_position.begin(), c.accepted_by_position.end()}});
  });
  ordered_json run = cell_json(cell);
  run["drafts"] = all.drafts;
  run["acceptance"] = ordered_json::array();
  for (int64_t position = 0; position < cell.draft_tokens; ++position) {
    run["acceptance"].push_back(acceptance(requests, static_cast<size_t>(position), seed));
  }
  run["mean_length"] = figure(mean_round_length(lengths, seed));
  run["speedup"] = speedup(rounds, without);
  return run;
}

// Those of natural replies, or all where there are none.
Rounds most_natural(std::span<const SpeedObservation> observations) {
  Rounds natural, all;
  for (const SpeedObservation& o : observations) {
    all.push_back(&o);
    if (o.cell.prompt_tokens == SpeedCell::natural) natural.push_back(&o);
  }
  return natural.empty() ? all : natural;
}

// First drafts within thinking and answers, of the groups that are wanted; null without any.
using Wanted = std::function<bool(const DraftGroup&)>;
ordered_json first_drafts(const Rounds& rounds, const Wanted& is_wanted, uint64_t seed) {
  std::vector<RightCount> requests;
  RightCount all;
  for_each_request(rounds, [&](const TimedRequest& request) {
    RightCount count;
    for (const DraftGroup& group : request.drafts) {
      if (group.segment == DraftSegment::outside || !is_wanted(group)) continue;
      count.of += group.counters.drafts;
      count.right += group.counters.accepted_by_position[0];
    }
    if (count.of > 0) requests.push_back(count);
    all.of += count.of;
    all.right += count.right;
  });
  if (all.of == 0) return nullptr;
  return {{"drafts", all.of},
          {"accepted", all.right},
          {"acceptance", figure(right_share(requests, seed))}};
}

// A row for each of `names` that has a round; member(group) is the place among them.
template <size_t N, typename Member>
ordered_json first_drafts_by(const Rounds& rounds, const char* key,
                             const std::array<std::string_view, N>& names, Member member,
                             uint64_t seed) {
  ordered_json rows = ordered_json::array();
  for (size_t i = 0; i < N; ++i) {
    const ordered_json figures = first_drafts(
        rounds, [&](const DraftGroup& group) { return static_cast<size_t>(member(group)) == i; },
        seed);
    if (figures.is_null()) continue;
    ordered_json row = {{key, names[i]}};
    row.update(figures);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

ordered_json speed_runs(std::span<const SpeedObservation> observations) {
  ordered_json runs = ordered_json::array();
  for (const auto& [cell, rounds] : by_cell(observations)) runs.push_back(speed_run(cell, rounds));
  return runs;
}

ordered_json draft_figures(std::span<const SpeedObservation> observations, uint64_t seed) {
  const RoundsByCell cells = by_cell(observations);
  ordered_json runs = ordered_json::array();
  for (const auto& [cell, rounds] : cells) {
    if (cell.draft_tokens == 0) continue;
    const auto without = cells.find({cell.concurrency, cell.prompt_tokens, 0});
    runs.push_back(
        draft_run(cell, rounds, without == cells.end() ? Rounds() : without->second, seed));
  }
  const Rounds replies = most_natural(observations);
  return {{"runs", runs},
          {"first_drafts", first_drafts(
                               replies, [](const DraftGroup&) { return true; }, seed)},
          {"by_context", first_drafts_by(
                             replies, "bucket", context_range_names,
                             [](const DraftGroup& group) { return group.context; }, seed)},
          {"by_segment", first_drafts_by(
                             replies, "segment", draft_segment_names,
                             [](const DraftGroup& group) { return group.segment; }, seed)}};
}

}  // namespace quantrial
