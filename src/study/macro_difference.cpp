#include "study/macro_difference.h"

#include <cmath>
#include <map>

#include "statistics/distributions.h"
#include "statistics/mean_score.h"

namespace quantrial {
namespace {

std::map<std::string, RunSamples> runs_of(const SampleStore& store, const ResultOptions& options,
                                          const std::string& variant) {
  std::map<std::string, RunSamples> runs;
  for (const RunRecord& record : store.runs()) {
    if (record.variant != variant || (options.is_wanted && !options.is_wanted(record))) continue;
    runs.emplace(record.benchmark, load_run(store, record));
  }
  return runs;
}

std::vector<double> differences(const RunSamples& a, const RunSamples& b) {
  const PairedQuestions pairs = paired_questions(a, b);
  std::vector<double> result;
  for (size_t i = 0; i < pairs.a.size(); ++i) {
    result.push_back(pairs.b[i]->score() - pairs.a[i]->score());
  }
  return result;
}

}  // namespace

std::optional<statistics::Interval> macro_difference(const SampleStore& store,
                                                     const ResultOptions& options,
                                                     const std::string& a, const std::string& b) {
  const std::map<std::string, RunSamples> of_a = runs_of(store, options, a);
  double sum = 0, variance = 0, benchmarks = 0;
  for (const auto& [benchmark, run] : runs_of(store, options, b)) {
    const auto other = of_a.find(benchmark);
    if (other == of_a.end()) continue;
    const std::vector<double> d = differences(other->second, run);
    if (d.size() < 2) continue;
    const double sd = statistics::standard_deviation(d);
    sum += statistics::mean(d);
    variance += sd * sd / static_cast<double>(d.size());
    ++benchmarks;
  }
  if (benchmarks == 0) return std::nullopt;
  const double value = sum / benchmarks;
  const double half = statistics::normal_quantile(0.5 + statistics::confidence / 2) *
                      std::sqrt(variance) / benchmarks;
  return statistics::Interval{value, value - half, value + half};
}

}  // namespace quantrial
