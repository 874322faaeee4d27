// Chooses a token from a row of logits. Order of operations as vLLM's
// (vllm/v1/sample/sampler.py, Sampler): repetition, frequency and presence penalties, temperature,
// min-p, top-k, top-p, draw; log-probabilities are those of the raw logits.
//
// Drawing is Gumbel-max (Gumbel 1954; Maddison et al. 2014): argmax of logit / T + G(seed, n, id)
// over the kept ids, the noise of the n-th token of a sample made from philox(seed, n) alone. So a
// token depends on nothing but its logits, parameters, seed and index. Two similar distributions
// under the same noise mostly give the same token, which is what makes MTP drafts acceptable when
// sampling (speculative.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/candidates.h"
#include "engine/sampling_parameters.h"
#include "engine/token_counts.h"

namespace quantrial {

struct TokenLogprobs {
  double chosen = 0;  // natural logarithm
  struct Alternative {
    int32_t id = 0;
    double logprob = 0;
  };
  std::vector<Alternative> top;  // likeliest first
};

struct SampledToken {
  int32_t id = 0;
  std::optional<TokenLogprobs> logprobs;
};

// Standard Gumbel noise of id `id` for the token with index `index` of the sample `seed`.
double gumbel_noise(uint64_t seed, uint64_t index, int32_t id);

class Sampler {
 public:
  // logits[V]; `counts` may be null without penalties. Throws Error for NaN or +infinity, or when
  // every logit is -infinity.
  SampledToken sample(std::span<const float> logits, const SamplingParameters& parameters,
                      uint64_t index, const TokenCounts* counts);

 private:
  std::span<const float> penalized(std::span<const float> logits,
                                   const SamplingParameters& parameters, const TokenCounts& counts);
  int32_t draw(std::span<const float> logits, const SamplingParameters& parameters, uint64_t index,
               float largest);

  std::vector<float> penalized_;       // scratch [V]
  std::vector<Candidate> candidates_;  // scratch
};

}  // namespace quantrial
