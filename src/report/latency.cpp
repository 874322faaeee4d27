// Times: to the first token, to the first token of the answer, a token, a reply; throughput; and
// what a correct answer costs.
#include <fmt/format.h>

#include <algorithm>

#include "report/sections.h"

namespace quantrial::report {
namespace {

struct Time {
  std::string key, name, title;
};
const std::vector<Time>& times() {
  static const std::vector<Time> all = {{"ttft_ms", "ttft", "time to the first token (TTFT)"},
                                        {"ttfa_ms", "ttfa", "time to the answer (TTFA)"},
                                        {"tpot_ms", "tpot", "time an output token (TPOT)"},
                                        {"e2e_ms", "e2e", "time of a whole reply"}};
  return all;
}

std::string load_of(const Json& run) {
  const auto concurrency = number(at(run, {"concurrency"}));
  const auto prompt = number(at(run, {"prompt_tokens"}));
  std::string load = concurrency ? fmt::format("{:.0f} at once", *concurrency) : "any load";
  if (prompt) load += fmt::format(", prompts of {:.0f} tokens", *prompt);
  return load;
}

bool drafted(const Json& run) { return number(at(run, {"draft_tokens"})).value_or(0) > 0; }

void add_percentiles(DataTable& table, const std::string& load, const Variant& v, const Json& of) {
  if (!of.is_object()) return;
  for (const auto& [percentile, f] : of.items()) {
    if (const auto found = figure(f)) table.add({load, v.name, percentile, *found});
  }
}

// One kind of time: percentiles as marks on each variant's row, a small chart a load.
FigureBlock percentiles(const Results& results, const Time& time) {
  DataTable table{"latency_" + time.name,
                  static_cast<char>(std::toupper(time.title[0])) + time.title.substr(1),
                  {{"load", "load"},
                   {"variant", "variant"},
                   {"percentile", "percentile"},
                   {"ms", time.title, Unit::milliseconds}}};
  for (const Variant& v : results.variants()) {
    for (const Json* run : elements(v.at({"speed", "runs"}))) {
      if (!drafted(*run)) add_percentiles(table, load_of(*run), v, at(*run, {time.key}));
    }
    const Json& natural = v.at({"speed", "natural"});
    const auto concurrency = number(at(natural, {"concurrency"}));
    add_percentiles(table,
                    concurrency ? fmt::format("the benchmarks, {:.0f} at once", *concurrency)
                                : "the benchmarks",
                    v, at(natural, {time.key}));
  }
  Chart chart{Kind::intervals, {"ms", Scale::log10}, {"variant"}};
  chart.series = "percentile";
  chart.facet = "load";
  return {std::move(table), chart};
}

FigureBlock throughput(const Results& results) {
  DataTable table{"throughput",
                  "Decoded tokens a second by concurrency",
                  {{"prompt", "prompts"},
                   {"variant", "variant"},
                   {"concurrency", "sequences at once", Unit::count},
                   {"decode", "decoded", Unit::tokens_per_second},
                   {"prefill", "prefilled", Unit::tokens_per_second}}};
  for (const Variant& v : results.variants()) {
    for (const Json* run : elements(v.at({"speed", "runs"}))) {
      const auto concurrency = number(at(*run, {"concurrency"}));
      const auto decode = figure(at(*run, {"decode_tokens_per_s"}));
      if (drafted(*run) || !concurrency || !decode) continue;
      const auto prompt = number(at(*run, {"prompt_tokens"}));
      table.add({prompt ? fmt::format("prompts of {:.0f} tokens", *prompt) : "", v.name,
                 *concurrency, *decode, value(figure(at(*run, {"prefill_tokens_per_s"})))});
    }
  }
  Chart chart = chart_of(Kind::lines, results, {"concurrency", Scale::log2}, {"decode"});
  chart.y.from = 0;
  chart.facet = "prompt";
  return {std::move(table), chart};
}

FigureBlock cost(const Results& results) {
  DataTable table{"accuracy_against_cost",
                  "Accuracy against what a correct answer costs",
                  {{"variant", "variant"},
                   {"seconds", "time a correct answer", Unit::seconds},
                   {"tokens", "length a correct answer", Unit::tokens},
                   {"accuracy", "accuracy", Unit::share}}};
  for (const Variant& v : results.variants()) {
    const auto seconds = figure(v.at({"speed", "natural", "seconds_per_correct"}));
    const auto accuracy = figure(v.at({"macro", "accuracy"}));
    if (!seconds || !accuracy) continue;
    table.add({v.name, *seconds, value(figure(v.at({"speed", "natural", "tokens_per_correct"}))),
               *accuracy});
  }
  return {
      std::move(table), chart_of(Kind::points, results, {"seconds"}, {"accuracy"}),
      fmt::format("Up and to the left is better. Time: {}. Length depends on the variant alone.",
                  of_loaded_machine)};
}

// Variants that no other beats in both accuracy and length; where a length is unknown, none.
std::vector<std::string> frontier(const DataTable& table) {
  const size_t tokens = table.column("tokens"), accuracy = table.column("accuracy");
  std::vector<std::string> names;
  for (const Row& mine : table.rows) {
    if (!number(mine.values[tokens])) return {};
    const bool beaten = std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& other) {
      const double t = number(other.values[tokens]).value_or(0) - *number(mine.values[tokens]);
      const double a = *number(other.values[accuracy]) - *number(mine.values[accuracy]);
      return t <= 0 && a >= 0 && (t < 0 || a > 0);
    });
    if (!beaten) names.push_back(text(mine.values[0]));
  }
  return names;
}

}  // namespace

Section latency_section(const Results& results) {
  Section section{"latency", "Latency and throughput"};
  for (const Time& time : times()) section.show(percentiles(results, time));
  section.show(throughput(results));
  FigureBlock costs = cost(results);
  const std::vector<std::string> best = frontier(costs.table);
  section.show(std::move(costs));
  if (section.blocks.empty()) {
    section.note("No times were measured.");
    return section;
  }
  if (best.size() > 1) {
    section.note("No variant is both more accurate and spends fewer tokens a correct answer than " +
                 joined(best) + " (values alone; the intervals above say how sure that is).");
  }
  section.note(
      "Percentiles by nearest rank with intervals from order statistics; those for which there "
      "were too few requests "
      "are left out. Runs of fixed length take turns over the variants; those of the benchmarks "
      "came one after the other, so what else the machine did then is in them. Speculative "
      "decoding has a section of its own.");
  return section;
}

}  // namespace quantrial::report
