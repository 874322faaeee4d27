// The tokens that top-k, top-p and min-p leave over, without sorting the vocabulary (248,320 logits
// for Qwen3.6).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sampling_parameters.h"

namespace quantrial {

struct Candidate {
  float logit = 0;
  int32_t id = 0;
};

// Larger logits first, ties by the lower id.
inline bool likelier(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// All ids with logit >= threshold (a finite number), by id.
void keep_at_least(std::span<const float> logits, double threshold, std::vector<Candidate>& kept);

// Of those, the k >= 1 largest and whatever equals the k-th; in any order. One pass with a buffer
// of about 2k whose k-th largest becomes the threshold for what follows.
void keep_top_k(std::span<const float> logits, double threshold, int64_t k,
                std::vector<Candidate>& kept);

// Cuts `kept` to the fewest likeliest whose softmax(logit / temperature) sums to at least top_p:
// a token stays when those before it sum to less. Likeliest first afterwards.
void keep_top_p(double temperature, double top_p, std::vector<Candidate>& kept);

// What a token is drawn from when sampling: the ids that min-p, top-k and top-p leave over, in any
// order; `largest` of the logits. Penalties are applied before.
void keep_drawable(std::span<const float> logits, float largest,
                   const SamplingParameters& parameters, std::vector<Candidate>& kept);

}  // namespace quantrial
