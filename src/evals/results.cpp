#include "evals/results.h"

#include <cmath>
#include <map>
#include <optional>

#include "evals/comparison.h"
#include "evals/figures.h"
#include "statistics/distributions.h"
#include "statistics/mean_score.h"
#include "statistics/verdict.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

// A figure with its error and how many questions it rests on.
struct Estimate {
  double value, error;
  int64_t questions;
};

// Equal-weight mean over benchmarks; t interval with Satterthwaite's degrees of freedom.
struct Macro {
  Interval interval;
  double error = 0, degrees = 0;
};

// Where all scores are one, their spread says nothing: what the exact interval stands for.
double standard_error(double of_spread, const Interval& exact) {
  if (of_spread > 0) return of_spread;
  return (exact.hi - exact.lo) / 2 / statistics::normal_quantile(0.5 + statistics::confidence / 2);
}

// `lowest`: of any value (the highest is 1).
Macro macro_mean(const std::vector<Estimate>& estimates, double lowest) {
  const double B = static_cast<double>(estimates.size());
  double value = 0, variance = 0, quartic = 0;
  for (const Estimate& e : estimates) {
    const double v = e.error * e.error / (B * B);
    value += e.value / B;
    variance += v;
    quartic += v * v / static_cast<double>(std::max<int64_t>(e.questions - 1, 1));
  }
  Macro m{{value, value, value}, std::sqrt(variance)};
  if (variance == 0 || quartic == 0) return m;
  m.degrees = variance * variance / quartic;
  const double half =
      statistics::student_t_quantile(0.5 + statistics::confidence / 2, m.degrees) * m.error;
  m.interval = {value, std::max(value - half, lowest), std::min(value + half, 1.0)};
  return m;
}

Estimate estimate(const RunComparison& c) {
  const statistics::PairedDifference& d = c.difference;
  return {d.delta.value, standard_error(d.standard_error, d.delta), c.questions};
}

// Accuracy of one variant less that of another, benchmark by benchmark.
class Deltas {
 public:
  explicit Deltas(const ResultOptions& options) : options_(options) {}

  // What the two runs give together, or why they are not compared.
  ordered_json add(const RunSamples& base, const RunSamples& run) {
    if (const auto why_not = why_not_compared(base, run)) return {{"not_compared", *why_not}};
    const auto c = compare_runs(base, run, options_);
    if (!c) return ordered_json::object();
    estimates_.push_back(estimate(*c));
    compared_.push_back(run.record.benchmark);
    return c->figures;
  }

  // Names of the benchmarks that have a delta.
  const std::vector<std::string>& compared() const { return compared_; }
  std::optional<Macro> macro() const {
    if (estimates_.empty()) return std::nullopt;
    return macro_mean(estimates_, -1);
  }

 private:
  const ResultOptions& options_;
  std::vector<Estimate> estimates_;
  std::vector<std::string> compared_;
};

// What the base's runs and another variant's give together.
class VariantResults {
 public:
  explicit VariantResults(const ResultOptions& options) : options_(options), deltas_(options) {}

  void add(const RunSamples& run, const RunSamples* base) {
    ordered_json figures = benchmark_figures(run, options_);
    if (!run.questions.empty()) {
      const std::vector<double> scores = run.scores();
      const auto n = static_cast<int64_t>(scores.size());
      const double spread =
          statistics::standard_deviation(scores) / std::sqrt(static_cast<double>(n));
      scores_.push_back(
          {statistics::mean(scores), standard_error(spread, statistics::mean_score(scores)), n});
    }
    if (base != nullptr) figures.update(deltas_.add(*base, run));
    result_["benchmarks"][run.record.benchmark] = std::move(figures);
  }

  // Names of the benchmarks that have a delta, and the figures themselves.
  const std::vector<std::string>& compared() const { return deltas_.compared(); }
  ordered_json& benchmark(const std::string& name) { return result_["benchmarks"][name]; }

  ordered_json finish() {
    if (!scores_.empty()) {
      result_["macro"] = {{"benchmarks", scores_.size()},
                          {"accuracy", figure(macro_mean(scores_, 0).interval)}};
    }
    if (const std::optional<Macro> m = deltas_.macro()) {
      ordered_json delta = figure(m->interval);
      delta["standard_error"] = m->error;
      delta["p"] = m->degrees > 0 ? 2 * statistics::student_t_cdf(
                                            -std::fabs(m->interval.value / m->error), m->degrees)
                                  : 1.0;
      delta["verdict"] = statistics::name(statistics::judge(m->interval, options_.macro_margin));
      result_["macro"]["delta"] = delta;
    }
    return std::move(result_);
  }

 private:
  const ResultOptions& options_;
  ordered_json result_ = ordered_json::object();
  std::vector<Estimate> scores_;
  Deltas deltas_;
};

bool is_wanted(const RunRecord& record, const ResultOptions& options) {
  return !options.is_wanted || options.is_wanted(record);
}

// By benchmark.
std::map<std::string, RunSamples> runs_of(const SampleStore& store, const ResultOptions& options,
                                          const std::string& variant) {
  std::map<std::string, RunSamples> runs;
  for (const RunRecord& record : store.runs()) {
    if (record.variant != variant || !is_wanted(record, options)) continue;
    runs.emplace(record.benchmark, load_run(store, record));
  }
  return runs;
}

// Sets p_holm of every delta of the family.
void adjust(const std::vector<ordered_json*>& deltas) {
  std::vector<double> p;
  for (const ordered_json* delta : deltas) p.push_back((*delta)["p"].get<double>());
  const std::vector<double> adjusted = statistics::holm(p);
  for (size_t i = 0; i < deltas.size(); ++i) (*deltas[i])["p_holm"] = adjusted[i];
}

}  // namespace

std::optional<Interval> macro_difference(const SampleStore& store, const ResultOptions& options,
                                         const std::string& a, const std::string& b) {
  const std::map<std::string, RunSamples> base = runs_of(store, options, a);
  Deltas deltas(options);
  for (const auto& [benchmark, run] : runs_of(store, options, b)) {
    const auto other = base.find(benchmark);
    if (other != base.end()) deltas.add(other->second, run);
  }
  const std::optional<Macro> macro = deltas.macro();
  return macro ? std::optional(macro->interval) : std::nullopt;
}

ordered_json evaluation_results(const SampleStore& store, const ResultOptions& options) {
  std::map<std::string, std::map<std::string, RunSamples>> runs;  // variant, benchmark
  std::vector<std::string> order;
  for (const RunRecord& record : store.runs()) {
    if (!is_wanted(record, options) || runs.contains(record.variant)) continue;
    order.push_back(record.variant);
    runs.emplace(record.variant, runs_of(store, options, record.variant));
  }
  ordered_json result = {
      {"version", results_version},
      {"base", options.base},
      {"margins", {{"macro", options.macro_margin}, {"benchmark", options.benchmark_margin}}},
      {"seed", options.seed},
      {"variants", ordered_json::object()}};
  std::map<std::string, VariantResults> variants;
  for (const std::string& variant : order) {
    VariantResults& results = variants.emplace(variant, options).first->second;
    for (const auto& [benchmark, run] : runs[variant]) {
      const auto base = runs.find(options.base);
      const bool has_base =
          variant != options.base && base != runs.end() && base->second.contains(benchmark);
      results.add(run, has_base ? &base->second.at(benchmark) : nullptr);
    }
  }
  std::vector<ordered_json*> single, macro;  // two families: benchmarks explore, macro confirms
  for (auto& [variant, results] : variants) {
    for (const std::string& benchmark : results.compared()) {
      single.push_back(&results.benchmark(benchmark)["delta"]);
    }
  }
  adjust(single);
  for (const std::string& variant : order) {
    result["variants"][variant] = variants.at(variant).finish();
  }
  for (auto& [variant, out] : result["variants"].items()) {
    if (out.contains("macro") && out["macro"].contains("delta")) {
      macro.push_back(&out["macro"]["delta"]);
    }
  }
  adjust(macro);
  return result;
}

}  // namespace quantrial
