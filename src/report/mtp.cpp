// Speculative decoding with the MTP head: how often drafts are accepted, what that gains.
#include <fmt/format.h>

#include "report/sections.h"

namespace quantrial::report {
namespace {

std::string load_of(const Json& run) {
  const double drafts = number(at(run, {"draft_tokens"})).value_or(0);
  std::string load = fmt::format("{:.0f} {}", drafts, drafts == 1 ? "draft" : "drafts");
  if (const auto concurrency = number(at(run, {"concurrency"}))) {
    load += fmt::format(", {:.0f} at once", *concurrency);
  }
  if (const auto prompt = number(at(run, {"prompt_tokens"}))) {
    load += fmt::format(", prompts of {:.0f}", *prompt);
  }
  return load;
}

FigureBlock by_position(const Results& results) {
  DataTable table{"mtp_acceptance",
                  "Drafts accepted by position",
                  {{"load", "load"},
                   {"variant", "variant"},
                   {"position", "position of the draft"},
                   {"acceptance", "accepted where the one before was", Unit::share}}};
  for (const Variant& v : results.variants()) {
    for (const Json* run : elements(v.at({"mtp", "runs"}))) {
      int position = 0;
      for (const Json* acceptance : elements(at(*run, {"acceptance"}))) {
        ++position;
        if (const auto f = figure(*acceptance)) {
          table.add({load_of(*run), v.name, fmt::format("draft {}", position), *f});
        }
      }
    }
  }
  Chart chart{Kind::intervals, {"acceptance"}, {"variant"}};
  chart.series = "position";
  chart.facet = "load";
  return {std::move(table), chart};
}

// The last column with its intervals, by variant; a small chart for each value of the first.
FigureBlock intervals(const Results& results, DataTable table) {
  Chart chart = chart_of(Kind::intervals, results, {table.columns.back().key}, {"variant"});
  chart.facet = table.columns.front().key;
  return {std::move(table), chart};
}

// One figure of every run with drafts.
FigureBlock by_load(const Results& results, DataTable table, std::string_view key) {
  for (const Variant& v : results.variants()) {
    for (const Json* run : elements(v.at({"mtp", "runs"}))) {
      if (number(at(*run, {"draft_tokens"})).value_or(0) < 1) continue;
      if (const auto f = figure(at(*run, {key}))) table.add({load_of(*run), v.name, *f});
    }
  }
  return intervals(results, std::move(table));
}

FigureBlock by_bucket(const Results& results, DataTable table, std::string_view list,
                      std::string_view bucket) {
  for (const Variant& v : results.variants()) {
    for (const Json* part : elements(v.at({"mtp", list}))) {
      const auto f = figure(at(*part, {"acceptance"}));
      if (f)
        table.add({text(at(*part, {bucket})), v.name, value(number(at(*part, {"drafts"}))), *f});
    }
  }
  return intervals(results, std::move(table));
}

std::vector<Column> bucket_columns(const std::string& key, const std::string& title) {
  return {{key, title},
          {"variant", "variant"},
          {"drafts", "drafts", Unit::count},
          {"acceptance", "accepted", Unit::share}};
}

FigureBlock offline(const Results& results) {
  DataTable table{"mtp_offline",
                  "Acceptance predicted from the logits",
                  {{"variant", "variant"},
                   {"how", "how"},
                   {"acceptance", "first draft accepted", Unit::share}}};
  for (const Variant& v : results.variants()) {
    const Json& predicted = v.at({"mtp", "offline"});
    if (!predicted.is_object()) continue;
    const auto add = [&](const char* how, const std::optional<Figure>& f) {
      if (f) table.add({v.name, how, *f});
    };
    add("measured", figure(v.at({"mtp", "first_drafts", "acceptance"})));
    add("1 - total variation", figure(at(predicted, {"one_minus_tv"})));
    add("same noise", figure(at(predicted, {"same_noise"})));
  }
  Chart chart{Kind::intervals, {"acceptance"}, {"variant"}};
  chart.series = "how";
  return {std::move(table), chart,
          "1 - total variation: the share of drafts that rejection sampling accepts, at the "
          "sampler's distribution. Same "
          "noise: drafts and tokens drawn with the same random number."};
}

}  // namespace

Section mtp_section(const Results& results) {
  Section section{"mtp", "MTP drafts"};
  section.show(by_position(results));
  section.show(by_load(results,
                       {"mtp_mean_length",
                        "Tokens a forward pass",
                        {{"load", "load"},
                         {"variant", "variant"},
                         {"mean_length", "mean length, bonus token included", Unit::ratio}}},
                       "mean_length"));
  FigureBlock speedup = by_load(results,
                                {"mtp_speedup",
                                 "Speed-up against no drafts",
                                 {{"load", "load"},
                                  {"variant", "variant"},
                                  {"speedup", "tokens a second, ratio", Unit::ratio}}},
                                "speedup");
  speedup.chart->marks = {{Mark::Of::x, 1, "no gain"}};
  section.show(std::move(speedup));
  section.show(by_bucket(results,
                         {"mtp_by_context", "Drafts accepted by context",
                          bucket_columns("context", "tokens of context")},
                         "by_context", "bucket"));
  section.show(by_bucket(results,
                         {"mtp_by_segment", "Drafts accepted by part of the reply",
                          bucket_columns("segment", "segment")},
                         "by_segment", "segment"));
  section.show(offline(results));
  std::vector<std::string> without;
  for (const Variant& v : results.variants()) {
    const Json& available = v.at({"mtp", "available"});
    if (available.is_boolean() && !flag(available)) without.push_back(v.name);
  }
  if (!without.empty()) section.note("Without an MTP head: " + joined(without) + ".");
  if (section.blocks.empty()) section.note("Speculative decoding was not measured.");
  return section;
}

}  // namespace quantrial::report
