// What the sampler draws a token from, and how often two models draw the same one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sampling_parameters.h"

namespace quantrial {

struct TokenProbability {
  int32_t id = 0;
  double probability = 0;
};
// By id, with sum one; ids that cannot be drawn are left out.
using SampledDistribution = std::vector<TokenProbability>;

// After temperature, top-k, top-p and min-p of `sampling`; greedy: all on the likeliest.
SampledDistribution sampled_distribution(std::span<const float> logits,
                                         const SamplingParameters& sampling);

// 1/2 sum |p - q|.
double total_variation(const SampledDistribution& p, const SampledDistribution& q);

// P(X = Y) when X of p and Y of q are drawn by Gumbel-max with the same noise, as the engine draws
// a token and its draft. x wins both when G_x - G_y > max(ln p_y/p_x, ln q_y/q_x) for all others,
// and noise of the standard Gumbel distribution makes that
//   sum over x with p_x, q_x > 0 of 1 / sum_y max(p_y / p_x, q_y / q_x)
// (Daliri, Musco, Suresh, "Coupling without communication and drafter-invariant speculative
// decoding", arXiv 2408.07978).
double same_noise_agreement(const SampledDistribution& p, const SampledDistribution& q);

}  // namespace quantrial
