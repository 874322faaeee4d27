#include "evals/fidelity/fidelity_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "evals/sampled_distribution.h"
#include "statistics/mean_score.h"

namespace quantrial {
namespace {

// ln sum exp of a row, and where it is largest.
struct Normaliser {
  double log_sum = 0;
  size_t top = 0;
};

Normaliser normaliser(std::span<const float> logits) {
  const size_t top =
      static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  double sum = 0;
  for (const float v : logits) sum += std::exp(double{v} - logits[top]);
  return {logits[top] + std::log(sum), top};
}

// `sorted` ascending; q from 0 to 1.
double quantile(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

// Mean over tokens of value(token), its error with the sequences as clusters.
template <typename Value>
Estimate mean(std::span<const TokenFidelity> tokens, Value value) {
  std::map<int64_t, int64_t> numbers;  // of the sequences: 0, 1, ...
  for (const TokenFidelity& token : tokens) numbers[token.sequence] = 0;
  int64_t clusters = 0;
  for (auto& [sequence, number] : numbers) number = clusters++;
  std::vector<double> values;
  std::vector<int64_t> cluster;
  for (const TokenFidelity& token : tokens) {
    values.push_back(value(token.logits));
    cluster.push_back(numbers.at(token.sequence));
  }
  Estimate estimate{.value = statistics::mean(values)};
  if (clusters >= 2) estimate.error = statistics::clustered_error(values, cluster, clusters);
  return estimate;
}

// exp of an estimate, its error to first order.
Estimate exponential(const Estimate& x) {
  const double value = std::exp(x.value);
  if (!x.error) return {.value = value};
  return {.value = value, .error = value * *x.error};
}

double probability_change(const LogitComparison& l) {
  return std::exp(-l.model_nll) - std::exp(-l.base_nll);
}

void add_kl_quantiles(std::span<const TokenFidelity> tokens, FidelitySummary& summary) {
  std::vector<double> kl;
  kl.reserve(tokens.size());
  for (const TokenFidelity& token : tokens) kl.push_back(token.logits.kl);
  std::sort(kl.begin(), kl.end());
  summary.kl_median = quantile(kl, 0.5);
  summary.kl_p90 = quantile(kl, 0.9);
  summary.kl_p99 = quantile(kl, 0.99);
  summary.kl_p999 = quantile(kl, 0.999);
  summary.kl_max = kl.back();
}

// One bucket for each of `names`; which(token) is the index of a token's.
template <size_t N, typename Which>
std::vector<FidelityBucket> buckets(std::span<const TokenFidelity> tokens,
                                    const std::array<std::string_view, N>& names, Which which) {
  std::array<std::vector<TokenFidelity>, N> parts;
  for (const TokenFidelity& token : tokens) parts.at(which(token)).push_back(token);
  std::vector<FidelityBucket> found;
  for (size_t i = 0; i < N; ++i) {
    if (!parts[i].empty()) found.push_back({std::string(names[i]), summarize(parts[i])});
  }
  return found;
}

constexpr std::array<std::string_view, text_segments> segment_names = {"text", "prompt", "thinking",
                                                                       "think_end", "answer"};

// Index of the first bound above `value`.
template <typename Number, size_t N>
size_t bucket_of(Number value, const std::array<Number, N>& bounds) {
  return static_cast<size_t>(std::upper_bound(bounds.begin(), bounds.end(), value) -
                             bounds.begin());
}

}  // namespace

std::string_view name(TextSegment segment) {
  return segment_names.at(static_cast<size_t>(segment));
}

LogitComparison compare_logits(std::span<const float> base, std::span<const float> model,
                               int32_t next, const SamplingParameters& sampling) {
  require(base.size() == model.size() && static_cast<size_t>(next) < base.size(),
          "compare_logits: rows of one vocabulary");
  const Normaliser p_sum = normaliser(base), q_sum = normaliser(model);
  double kl = 0, distance = 0, sampled = p_sum.top == q_sum.top ? 0 : 1;
  for (size_t i = 0; i < base.size(); ++i) {
    const double log_p = base[i] - p_sum.log_sum, log_q = model[i] - q_sum.log_sum;
    const double p = std::exp(log_p);
    kl += p * (log_p - log_q);
    distance += std::abs(p - std::exp(log_q));
  }
  if (!sampling.greedy() && std::isfinite(kl)) {
    sampled = total_variation(sampled_distribution(base, sampling),
                              sampled_distribution(model, sampling));
  }
  const auto chosen = static_cast<size_t>(next);
  return {.kl = kl < 0 ? 0 : kl,  // rounding of a sum that is never negative; NaN stays
          .total_variation = distance / 2,
          .sampled_variation = sampled,
          .base_nll = p_sum.log_sum - base[chosen],
          .model_nll = q_sum.log_sum - model[chosen],
          .base_confidence = std::exp(base[p_sum.top] - p_sum.log_sum),
          .same_top = p_sum.top == q_sum.top};
}

FidelitySummary summarize(std::span<const TokenFidelity> tokens) {
  require(!tokens.empty(), "summarize: tokens");
  using L = LogitComparison;
  FidelitySummary summary;
  summary.tokens = static_cast<int64_t>(tokens.size());
  std::map<int64_t, int64_t> sequences;
  for (const TokenFidelity& token : tokens) ++sequences[token.sequence];
  summary.sequences = static_cast<int64_t>(sequences.size());
  summary.kl = mean(tokens, [](const L& l) { return l.kl; });
  add_kl_quantiles(tokens, summary);
  summary.total_variation = mean(tokens, [](const L& l) { return l.total_variation; });
  summary.sampled_variation = mean(tokens, [](const L& l) { return l.sampled_variation; });
  summary.same_top = mean(tokens, [](const L& l) { return l.same_top ? 1.0 : 0.0; });
  summary.probability_change = mean(tokens, probability_change);
  summary.probability_change_rms =
      std::sqrt(mean(tokens, [](const L& l) { return std::pow(probability_change(l), 2); }).value);
  summary.base_perplexity = exponential(mean(tokens, [](const L& l) { return l.base_nll; }));
  summary.model_perplexity = exponential(mean(tokens, [](const L& l) { return l.model_nll; }));
  summary.log_perplexity_ratio = mean(tokens, [](const L& l) { return l.model_nll - l.base_nll; });
  return summary;
}

FidelityBreakdown break_down(std::span<const TokenFidelity> tokens) {
  constexpr std::array<int64_t, 4> positions = {1024, 4096, 16384, 65536};
  constexpr std::array<double, 4> confidences = {0.25, 0.5, 0.75, 0.95};
  return {
      .all = summarize(tokens),
      .by_position = buckets(
          tokens, std::array<std::string_view, 5>{"0-1k", "1k-4k", "4k-16k", "16k-64k", "64k-"},
          [&](const TokenFidelity& t) { return bucket_of(t.position, positions); }),
      .by_confidence = buckets(
          tokens, std::array<std::string_view, 5>{"0-.25", ".25-.5", ".5-.75", ".75-.95", ".95-1"},
          [&](const TokenFidelity& t) { return bucket_of(t.logits.base_confidence, confidences); }),
      .by_segment = buckets(tokens, segment_names,
                            [](const TokenFidelity& t) { return static_cast<size_t>(t.segment); })};
}

}  // namespace quantrial
