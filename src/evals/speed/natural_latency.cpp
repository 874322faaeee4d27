#include "evals/speed/natural_latency.h"

#include <map>

#include "evals/figures.h"
#include "evals/speed/rate_figures.h"
#include "statistics/bootstrap.h"

namespace quantrial {
namespace {

using nlohmann::ordered_json;
using statistics::Interval;

template <typename TimeOf>
std::vector<double> known(const std::vector<SampleTimes>& samples, TimeOf time_of) {
  std::vector<double> times;
  for (const SampleTimes& sample : samples) {
    if (const std::optional<double> time = time_of(sample)) times.push_back(*time);
  }
  return times;
}

std::optional<double> tpot_ms(const SampleTimes& s) {
  if (!s.ttft_ms || !s.e2e_ms || !s.generated_tokens || *s.generated_tokens < 2) return {};
  return (*s.e2e_ms - *s.ttft_ms) / static_cast<double>(*s.generated_tokens - 1);
}

// What the samples of a question cost together, and how many of them are right.
struct QuestionCost {
  double cost = 0, right = 0;
};

// Cost per right sample. The bootstrap is of its inverse, which stays finite when a draw holds no
// right sample; then there is no upper bound.
template <typename CostOf>
ordered_json per_correct(const std::vector<SampleTimes>& samples, CostOf cost_of, uint64_t seed) {
  std::map<std::string, QuestionCost> by_question;
  for (const SampleTimes& sample : samples) {
    const std::optional<double> cost = cost_of(sample);
    if (!cost) return nullptr;
    QuestionCost& question = by_question[sample.question];
    question.cost += *cost;
    question.right += sample.right ? 1 : 0;
  }
  std::vector<QuestionCost> questions;
  for (const auto& [id, question] : by_question) questions.push_back(question);
  const Interval correct = statistics::bootstrap(
      static_cast<int64_t>(questions.size()),
      [&](std::span<const int64_t> drawn) {
        QuestionCost sum;
        for (const int64_t i : drawn) {
          sum.cost += questions[static_cast<size_t>(i)].cost;
          sum.right += questions[static_cast<size_t>(i)].right;
        }
        return sum.cost > 0 ? sum.right / sum.cost : 0.0;
      },
      seed);
  if (correct.value <= 0) return nullptr;
  return {{"value", 1 / correct.value},
          {"lo", 1 / correct.hi},
          {"hi", correct.lo > 0 ? ordered_json(1 / correct.lo) : ordered_json()}};
}

}  // namespace

ordered_json natural_latency(const std::vector<SampleTimes>& samples, int64_t concurrency,
                             uint64_t seed) {
  if (samples.empty()) return nullptr;
  const double shared = static_cast<double>(concurrency);
  const auto seconds = [&](const SampleTimes& s) -> std::optional<double> {
    if (!s.e2e_ms) return {};
    return *s.e2e_ms / 1000 / shared;
  };
  const auto tokens = [](const SampleTimes& s) -> std::optional<double> {
    if (!s.generated_tokens) return {};
    return static_cast<double>(*s.generated_tokens);
  };
  using S = SampleTimes;
  return {{"concurrency", concurrency},
          {"samples", samples.size()},
          {"ttft_ms", percentile_figures(known(samples, [](const S& s) { return s.ttft_ms; }))},
          {"ttfa_ms", percentile_figures(known(samples, [](const S& s) { return s.ttfa_ms; }))},
          {"tpot_ms", percentile_figures(known(samples, tpot_ms))},
          {"e2e_ms", percentile_figures(known(samples, [](const S& s) { return s.e2e_ms; }))},
          {"seconds_per_correct", per_correct(samples, seconds, seed)},
          {"tokens_per_correct", per_correct(samples, tokens, seed)}};
}

ordered_json natural_latency(const SampleStore& store, std::string_view variant,
                             int64_t concurrency, uint64_t seed) {
  std::vector<SampleTimes> samples;
  for (const RunRecord& run : store.runs()) {
    if (run.variant != variant) continue;
    store.for_each(run, [&](const Sample& s) {
      if (!is_scored(s.outcome)) return;
      samples.push_back({.question = s.benchmark + "/" + s.question,
                         .right = s.correct.value_or(false),
                         .ttft_ms = s.ttft_ms,
                         .ttfa_ms = s.ttfa_ms,
                         .e2e_ms = s.e2e_ms,
                         .generated_tokens = s.generated_tokens});
    });
  }
  return natural_latency(samples, concurrency, seed);
}

}  // namespace quantrial
