// How far a variant's distributions of the next token are from the base's, on the same tokens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/sections.h"

namespace quantrial::report {
namespace {

std::optional<Figure> mean_kl(const Json& summary) { return figure(at(summary, {"kl", "mean"})); }

// The base against itself; every variant's is the same, so the first will do.
const Json& noise_floor(const Results& results) {
  for (const Variant& v : results.variants()) {
    const Json& floor = v.at({"fidelity", "noise_floor"});
    if (floor.is_object()) return floor;
  }
  static const Json nothing;
  return nothing;
}

std::vector<std::pair<std::string, const Json*>> summaries(const Results& results) {
  std::vector<std::pair<std::string, const Json*>> all;
  const Json& floor = noise_floor(results);
  if (floor.is_object()) all.emplace_back("noise floor", &floor);
  for (const Variant& v : results.variants()) {
    const Json& summary = v.at({"fidelity", "all"});
    if (summary.is_object()) all.emplace_back(v.name, &summary);
  }
  return all;
}

// The same recipe on the model without imprinted outliers, where there is such a twin.
std::optional<Figure> twin_kl(const Results& results, const std::string& name) {
  for (const Variant& v : results.variants()) {
    if (v.name == name) return mean_kl(v.at({"fidelity", "twin"}));
  }
  return std::nullopt;
}

DataTable summary_table(const Results& results) {
  DataTable table{"fidelity",
                  "Distance to the base on the same tokens",
                  {{"variant", "variant"},
                   {"tokens", "tokens", Unit::count},
                   {"kl_mean", "mean KL", Unit::nats},
                   {"same_top", "same likeliest token", Unit::share},
                   {"total_variation", "total variation", Unit::share},
                   {"sampled_variation", "of what is sampled", Unit::share},
                   {"perplexity", "perplexity", Unit::number},
                   {"log_ratio", "ln of its ratio", Unit::signed_number},
                   {"kl_twin", "mean KL on the twin", Unit::nats}}};
  for (const auto& [name, summary] : summaries(results)) {
    const auto of = [&](std::initializer_list<std::string_view> path) {
      return value(figure(at(*summary, path)));
    };
    table.add({name, value(number(at(*summary, {"tokens"}))), of({"kl", "mean"}), of({"same_top"}),
               of({"total_variation"}), of({"sampled_variation"}), of({"perplexity", "model"}),
               of({"perplexity", "log_ratio"}), value(twin_kl(results, name))},
              name == "noise floor" ? Tone::faint : Tone::plain);
  }
  drop_empty_columns(table);
  return table;
}

FigureBlock percentiles(const Results& results) {
  DataTable table{
      "fidelity_percentiles",
      "KL divergence: mean and percentiles",
      {{"variant", "variant"}, {"percentile", "percentile"}, {"kl", "KL to the base", Unit::nats}}};
  for (const auto& [name, summary] : summaries(results)) {
    for (const char* key : {"median", "mean", "p90", "p99", "p99.9", "max"}) {
      const auto f = figure(at(*summary, {"kl", key}));
      if (f) table.add({name, key, Figure{f->value}});
    }
  }
  Chart chart{Kind::intervals, {"kl", Scale::log10}, {"variant"}};
  chart.series = "percentile";
  return {
      std::move(table), chart,
      "Of single tokens. Noise floor: the base against itself with a lossless but other kernel."};
}

FigureBlock against_size(const Results& results) {
  DataTable table{"fidelity_against_size",
                  "KL divergence against size",
                  {{"variant", "variant"},
                   {"bytes", "size on disk", Unit::bytes},
                   {"kl", "mean KL to the base", Unit::nats}}};
  for (const Variant& v : results.variants()) {
    const auto bytes = figure(v.at({"size", "bytes"}));
    const auto kl = mean_kl(v.at({"fidelity", "all"}));
    if (bytes && kl) table.add({v.name, *bytes, *kl});
  }
  Chart chart = chart_of(Kind::points, results, {"bytes"}, {"kl", Scale::log10});
  if (const auto floor = mean_kl(noise_floor(results)); floor && floor->value > 0) {
    chart.marks = {{Mark::Of::y, floor->value, "noise floor"}};
  }
  return {std::move(table), chart, "Down and to the left is better."};
}

FigureBlock against_accuracy(const Results& results) {
  DataTable table{"fidelity_against_accuracy",
                  "KL divergence against the accuracy difference",
                  {{"variant", "variant"},
                   {"kl", "mean KL to the base", Unit::nats},
                   {"delta", "accuracy difference", Unit::points}}};
  for (const Variant& v : results.variants()) {
    const auto kl = mean_kl(v.at({"fidelity", "all"}));
    const auto delta = figure(v.at({"macro", "delta"}));
    if (kl && delta && kl->value > 0) table.add({v.name, *kl, *delta});
  }
  return {std::move(table), chart_of(Kind::points, results, {"kl", Scale::log10}, {"delta"})};
}

FigureBlock buckets(const Results& results, DataTable table, std::string_view which) {
  for (const Variant& v : results.variants()) {
    const Json& parts = v.at({"fidelity", which});
    if (!parts.is_object()) continue;
    for (const auto& [bucket, summary] : parts.items()) {
      if (const auto kl = mean_kl(summary)) {
        table.add({v.name, bucket, value(number(at(summary, {"tokens"}))), *kl});
      }
    }
  }
  Chart chart{Kind::heat_map, {table.columns[1].key}, {"variant"}};
  chart.shade = "kl";
  return {std::move(table), chart};
}

std::vector<Column> bucket_columns(const std::string& key, const std::string& title) {
  return {{"variant", "variant"},
          {key, title},
          {"tokens", "tokens", Unit::count},
          {"kl", "mean KL", Unit::nats}};
}

}  // namespace

Section fidelity_section(const Results& results) {
  Section section{"fidelity", "Fidelity"};
  DataTable summary = summary_table(results);
  if (summary.rows.empty()) {
    section.note(
        "Not measured: fidelity needs the weights of the base and of a variant on this machine.");
    return section;
  }
  section.show({std::move(summary), std::nullopt,
                "Both models run the same tokens; errors with texts as clusters."});
  section.show(percentiles(results));
  section.show(against_size(results));
  section.show(buckets(results,
                       {"fidelity_by_position", "KL divergence by context position",
                        bucket_columns("position", "tokens before")},
                       "by_position"));
  section.show(buckets(results,
                       {"fidelity_by_confidence", "KL divergence by the base's confidence",
                        bucket_columns("confidence", "the base's largest probability")},
                       "by_confidence"));
  section.show(buckets(results,
                       {"fidelity_by_segment", "KL divergence by part of the text",
                        bucket_columns("segment", "part")},
                       "by_segment"));
  FigureBlock accuracy = against_accuracy(results);
  const Json& over = results.at({"kl_against_accuracy"});
  const auto r = number(at(over, {"correlation"})), variants = number(at(over, {"variants"}));
  if (r && variants) {
    accuracy.caption = fmt::format("Correlation of ln KL and difference over {:.0f} variants: {}.",
                                   *variants, fixed(*r, 2));
  }
  section.show(std::move(accuracy));
  return section;
}

}  // namespace quantrial::report
