#include "evals/results.h"

#include <cmath>

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

// What the base's runs and another variant's give together.
class VariantResults {
 public:
  explicit VariantResults(const ResultOptions& options) : options_(options) {}

  void add(const RunSamples& run, const RunSamples* base) {
    const std::string& benchmark = run.record.benchmark;
    ordered_json figures = benchmark_figures(run, options_);
    if (!run.questions.empty()) {
      const std::vector<double> scores = run.scores();
      const auto n = static_cast<int64_t>(scores.size());
      const double spread =
          statistics::standard_deviation(scores) / std::sqrt(static_cast<double>(n));
      scores_.push_back(
          {statistics::mean(scores), standard_error(spread, statistics::mean_score(scores)), n});
    }
    const auto why_not = base != nullptr ? why_not_compared(*base, run) : std::nullopt;
    if (why_not) {
      figures["not_compared"] = *why_not;
    } else if (base != nullptr) {
      if (const auto c = compare_runs(*base, run, options_)) {
        figures.update(c->figures);
        deltas_.push_back(estimate(*c));
        compared_.push_back(benchmark);
      }
    }
    result_["benchmarks"][benchmark] = std::move(figures);
  }

  // Names of the benchmarks that have a delta, and the figures themselves.
  const std::vector<std::string>& compared() const { return compared_; }
  ordered_json& benchmark(const std::string& name) { return result_["benchmarks"][name]; }

  ordered_json finish() {
    if (!scores_.empty()) {
      result_["macro"] = {{"benchmarks", scores_.size()},
                          {"accuracy", figure(macro_mean(scores_, 0).interval)}};
    }
    if (!deltas_.empty()) {
      const Macro m = macro_mean(deltas_, -1);
      ordered_json delta = figure(m.interval);
      delta["standard_error"] = m.error;
      delta["p"] = m.degrees > 0 ? 2 * statistics::student_t_cdf(
                                           -std::fabs(m.interval.value / m.error), m.degrees)
                                 : 1.0;
      delta["verdict"] = statistics::name(statistics::judge(m.interval, options_.macro_margin));
      result_["macro"]["delta"] = delta;
    }
    return std::move(result_);
  }

 private:
  const ResultOptions& options_;
  ordered_json result_ = ordered_json::object();
  std::vector<Estimate> scores_, deltas_;
  std::vector<std::string> compared_;
};

// Sets p_holm of every delta of the family.
void adjust(const std::vector<ordered_json*>& deltas) {
  std::vector<double> p;
  for (const ordered_json* delta : deltas) p.push_back((*delta)["p"].get<double>());
  const std::vector<double> adjusted = statistics::holm(p);
  for (size_t i = 0; i < deltas.size(); ++i) (*deltas[i])["p_holm"] = adjusted[i];
}

}  // namespace

std::optional<Interval> macro_delta(const std::map<std::string, RunSamples>& a,
                                    const std::map<std::string, RunSamples>& b,
                                    const ResultOptions& options) {
  std::vector<Estimate> deltas;
  for (const auto& [benchmark, run] : b) {
    const auto other = a.find(benchmark);
    if (other == a.end() || why_not_compared(other->second, run)) continue;
    if (const auto c = compare_runs(other->second, run, options)) deltas.push_back(estimate(*c));
  }
  if (deltas.empty()) return std::nullopt;
  return macro_mean(deltas, -1).interval;
}

ordered_json evaluation_results(const SampleStore& store, const ResultOptions& options) {
  std::map<std::string, std::map<std::string, RunSamples>> runs;  // variant, benchmark
  std::vector<std::string> order;
  for (const RunRecord& record : store.runs()) {
    if (options.is_wanted && !options.is_wanted(record)) continue;
    if (!runs.contains(record.variant)) order.push_back(record.variant);
    runs[record.variant].emplace(record.benchmark, load_run(store, record));
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
