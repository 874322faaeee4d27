#include "evals/sampled_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/candidates.h"

namespace quantrial {
namespace {

// Probabilities of one id under both.
struct Pair {
  double p = 0, q = 0;

  double ratio() const { return q > 0 ? p / q : std::numeric_limits<double>::infinity(); }
};

std::vector<Pair> paired(const SampledDistribution& p, const SampledDistribution& q) {
  std::vector<Pair> pairs;
  auto a = p.begin();
  auto b = q.begin();
  while (a != p.end() || b != q.end()) {
    const bool takes_a = b == q.end() || (a != p.end() && a->id <= b->id);
    const bool takes_b = a == p.end() || (b != q.end() && b->id <= a->id);
    pairs.push_back({takes_a ? a->probability : 0, takes_b ? b->probability : 0});
    if (takes_a) ++a;
    if (takes_b) ++b;
  }
  return pairs;
}

}  // namespace

SampledDistribution sampled_distribution(std::span<const float> logits,
                                         const SamplingParameters& sampling) {
  const auto top = std::max_element(logits.begin(), logits.end());
  if (sampling.greedy()) return {{static_cast<int32_t>(top - logits.begin()), 1.0}};
  std::vector<Candidate> kept;
  keep_drawable(logits, *top, sampling, kept);
  std::sort(kept.begin(), kept.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  SampledDistribution distribution;
  double total = 0;
  for (const Candidate& c : kept) {
    const double weight = std::exp((double{c.logit} - double{*top}) / sampling.temperature);
    distribution.push_back({c.id, weight});
    total += weight;
  }
  for (TokenProbability& token : distribution) token.probability /= total;
  return distribution;
}

double total_variation(const SampledDistribution& p, const SampledDistribution& q) {
  double distance = 0;
  for (const Pair& pair : paired(p, q)) distance += std::abs(pair.p - pair.q);
  return distance / 2;
}

// By decreasing p/q, sum_y max(p_y / p_x, q_y / q_x) is the p of all up to x over p_x and the q of
// all after x over q_x.
double same_noise_agreement(const SampledDistribution& p, const SampledDistribution& q) {
  std::vector<Pair> pairs = paired(p, q);
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.ratio() > b.ratio(); });
  double q_after = 0;
  for (const Pair& pair : pairs) q_after += pair.q;
  double p_up_to = 0, agreement = 0;
  for (const Pair& pair : pairs) {
    p_up_to += pair.p;
    q_after -= pair.q;
    if (pair.p <= 0 || pair.q <= 0) continue;
    agreement += 1 / (p_up_to / pair.p + std::max(0.0, q_after) / pair.q);
  }
  return agreement;
}

}  // namespace quantrial
