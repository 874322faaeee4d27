#include "engine/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/cpu/logit_scan.h"

namespace quantrial {
namespace {

// Cuts `kept` to its k likeliest and the ties with the k-th, whose logit it returns.
float cut_to_k(size_t k, std::vector<Candidate>& kept) {
  const auto kth = kept.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(kept.begin(), kth, kept.end(), likelier);
  const float smallest = kth->logit;
  const auto end =
      std::partition(kth + 1, kept.end(), [&](const Candidate& c) { return c.logit == smallest; });
  kept.erase(end, kept.end());
  return smallest;
}

// The smallest float that is at least `threshold`.
float smallest_from(double threshold) {
  constexpr float largest = std::numeric_limits<float>::max();
  if (threshold <= -double{largest}) return -largest;
  if (threshold > double{largest}) return std::numeric_limits<float>::infinity();
  const auto rounded = static_cast<float>(threshold);
  return double{rounded} >= threshold ? rounded : std::nextafter(rounded, HUGE_VALF);
}

}  // namespace

void keep_at_least(std::span<const float> logits, double threshold, std::vector<Candidate>& kept) {
  kept.clear();
  const float least = smallest_from(threshold);
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] >= least)) {
      i = static_cast<size_t>(kernels::next_at_least(logits, static_cast<int64_t>(i), least));
      if (i == logits.size()) return;
    }
    kept.push_back({logits[i], static_cast<int32_t>(i)});
  }
}

void keep_top_k(std::span<const float> logits, double threshold, int64_t k,
                std::vector<Candidate>& kept) {
  require(k >= 1, "keep_top_k: k >= 1");
  kept.clear();
  const auto count = static_cast<size_t>(k);
  size_t capacity = std::max<size_t>(2 * count, 64);
  float least = smallest_from(threshold);
  const auto next = [&](int64_t from) { return kernels::next_at_least(logits, from, least); };
  const auto vocab = static_cast<int64_t>(logits.size());
  for (int64_t i = next(0); i < vocab; i = next(i + 1)) {
    kept.push_back({logits[static_cast<size_t>(i)], static_cast<int32_t>(i)});
    if (kept.size() == capacity) {
      least = cut_to_k(count, kept);
      capacity = std::max(capacity, 2 * kept.size());  // ties may leave more than k
    }
  }
  if (kept.size() > count) cut_to_k(count, kept);
}

void keep_top_p(double temperature, double top_p, std::vector<Candidate>& kept) {
  require(!kept.empty(), "keep_top_p: nothing to keep");
  const float largest = std::min_element(kept.begin(), kept.end(), likelier)->logit;
  const auto weight = [&](const Candidate& c) {
    return std::exp((static_cast<double>(c.logit) - static_cast<double>(largest)) / temperature);
  };
  double total = 0;
  for (const Candidate& c : kept) total += weight(c);
  // Tokens below (1 - top_p) / n of the total cannot reach 1 - top_p together: they all go. Half of
  // that leaves room for rounding.
  const double smallest = total * (1 - top_p) / static_cast<double>(kept.size()) / 2;
  const double lowest = static_cast<double>(largest) + temperature * std::log(smallest);
  std::erase_if(kept, [&](const Candidate& c) { return static_cast<double>(c.logit) < lowest; });

  double sum = 0;
  size_t sorted = 0;
  for (size_t end = 0; end < kept.size() && sum < top_p * total; ++end) {
    if (end == sorted) {
      sorted = std::min(kept.size(), std::max<size_t>(64, 4 * sorted));
      std::partial_sort(kept.begin() + static_cast<std::ptrdiff_t>(end),
                        kept.begin() + static_cast<std::ptrdiff_t>(sorted), kept.end(), likelier);
    }
    sum += weight(kept[end]);
    if (sum >= top_p * total) kept.resize(end + 1);
  }
}

void keep_drawable(std::span<const float> logits, float largest,
                   const SamplingParameters& parameters, std::vector<Candidate>& kept) {
  // p / p_max >= min_p  <=>  logit >= largest + T log(min_p), for any normalisation.
  const double threshold =
      parameters.min_p > 0
          ? static_cast<double>(largest) + parameters.temperature * std::log(parameters.min_p)
          : std::numeric_limits<double>::lowest();
  if (parameters.top_k > 0 && parameters.top_k < static_cast<int64_t>(logits.size())) {
    keep_top_k(logits, threshold, parameters.top_k, kept);
  } else {
    keep_at_least(logits, threshold, kept);
  }
  if (parameters.top_p < 1) keep_top_p(parameters.temperature, parameters.top_p, kept);
}

}  // namespace quantrial
