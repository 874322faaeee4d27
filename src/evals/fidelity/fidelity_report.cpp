#include "evals/fidelity/fidelity_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const Estimate& estimate) {
  return {{"value", estimate.value},
          {"error", estimate.error ? ordered_json(*estimate.error) : ordered_json(nullptr)}};
}

ordered_json as_json(const FidelitySummary& s) {
  return {{"tokens", s.tokens},
          {"sequences", s.sequences},
          {"kl",
           {{"mean", as_json(s.kl)},
            {"median", s.kl_median},
            {"p90", s.kl_p90},
            {"p99", s.kl_p99},
            {"p99.9", s.kl_p999},
            {"max", s.kl_max}}},
          {"total_variation", as_json(s.total_variation)},
          {"sampled_variation", as_json(s.sampled_variation)},
          {"same_top", as_json(s.same_top)},
          {"probability_change",
           {{"mean", as_json(s.probability_change)}, {"rms", s.probability_change_rms}}},
          {"perplexity",
           {{"base", as_json(s.base_perplexity)},
            {"model", as_json(s.model_perplexity)},
            {"log_ratio", as_json(s.log_perplexity_ratio)}}}};
}

ordered_json as_json(const std::vector<FidelityBucket>& buckets) {
  ordered_json json = ordered_json::object();
  for (const FidelityBucket& bucket : buckets) json[bucket.name] = as_json(bucket.summary);
  return json;
}

ordered_json as_json(const FidelityBreakdown& b) {
  return {{"all", as_json(b.all)},
          {"by_position", as_json(b.by_position)},
          {"by_confidence", as_json(b.by_confidence)},
          {"by_segment", as_json(b.by_segment)}};
}

// "0.00123 +- 0.00004"; width of both.
std::string shown(const Estimate& x, int digits) {
  if (!x.error) return fmt::format("{:.{}f}", x.value, digits);
  return fmt::format("{:.{}f} +- {:.{}f}", x.value, digits, *x.error, digits);
}

std::string row(std::string_view name, const FidelitySummary& s) {
  return fmt::format(
      "{:<18} {:>8}  {:>20} {:>9.6f} {:>8.5f} {:>8.5f} {:>8.4f} {:>8.3f}  {:>7.3f}  {:>20}\n", name,
      s.tokens, shown(s.kl, 6), s.kl_median, s.kl_p90, s.kl_p99, s.kl_p999, s.kl_max,
      100 * s.same_top.value, shown(s.log_perplexity_ratio, 5));
}

std::string rows(std::string_view title, const std::vector<FidelityBucket>& buckets) {
  if (buckets.size() < 2) return {};
  std::string text;
  for (const FidelityBucket& bucket : buckets) {
    text += row(fmt::format("{} {}", title, bucket.name), bucket.summary);
  }
  return text;
}

}  // namespace

ordered_json fidelity_json(const FidelityReport& report) {
  ordered_json json = {{"schema", fidelity_schema_version},
                       {"model", report.model},
                       {"base", report.base},
                       {"texts", report.texts},
                       {"precision", report.precision},
                       {"sampling",
                        {{"temperature", report.sampling.temperature},
                         {"top_k", report.sampling.top_k},
                         {"top_p", report.sampling.top_p},
                         {"min_p", report.sampling.min_p}}},
                       {"fidelity", as_json(report.fidelity)}};
  json["noise_floor"] = report.noise_floor ? as_json(*report.noise_floor) : ordered_json(nullptr);
  return json;
}

std::string fidelity_table(const FidelityReport& report) {
  const FidelitySummary& all = report.fidelity.all;
  std::string text = fmt::format("{} against {}, {}: {} tokens of {} texts, errors between texts\n",
                                 escaped(report.model), escaped(report.base), report.precision,
                                 all.tokens, all.sequences);
  text += fmt::format(
      "perplexity {} (base {}); chosen token's probability {} (rms {:.4f}); total variation {}, "
      "{} as sampled\n\n",
      shown(all.model_perplexity, 4), shown(all.base_perplexity, 4),
      shown(all.probability_change, 5), all.probability_change_rms, shown(all.total_variation, 5),
      shown(all.sampled_variation, 5));
  text += fmt::format("{:<18} {:>8}  {:>20} {:>9} {:>8} {:>8} {:>8} {:>8}  {:>7}  {:>20}\n", "",
                      "tokens", "KL mean, nats", "median", "90 %", "99 %", "99.9 %", "max",
                      "top-1 %", "ln perplexity ratio");
  text += row("all", all);
  if (report.noise_floor) text += row("noise floor", report.noise_floor->all);
  text += rows("segment", report.fidelity.by_segment);
  text += rows("position", report.fidelity.by_position);
  text += rows("base sure", report.fidelity.by_confidence);
  return text;
}

}  // namespace quantrial
