// How the next token is chosen from the logits. Names, ranges and meaning as in vLLM
// (vllm/sampling_params.py), so that a study can move between servers.
#pragma once

#include <cstdint>
#include <optional>

namespace quantrial {

struct SamplingParameters {
  double temperature = 1.0;         // >= 0; below 1e-5: greedy, ties to the lowest id
  int64_t top_k = 0;                // keep the k likeliest (and ties with the k-th); 0: all
  double top_p = 1.0;               // (0, 1]: keep the fewest likeliest with this probability
  double min_p = 0.0;               // [0, 1]: keep those with at least this share of the largest
  double presence_penalty = 0.0;    // subtracted from logits of ids in the output
  double frequency_penalty = 0.0;   // subtracted once for each time an id is in the output
  double repetition_penalty = 1.0;  // > 0: divides positive, multiplies negative logits of ids in
                                    // prompt or output
  uint64_t seed = 0;
  std::optional<int64_t> top_logprobs{};  // report the chosen token's log-probability and this many
                                          // of the largest

  bool greedy() const { return temperature < 1e-5; }
  bool draws_from_all(int64_t vocabulary) const {
    return (top_k <= 0 || top_k >= vocabulary) && min_p <= 0 && top_p >= 1;
  }
  bool has_penalties() const {
    return presence_penalty != 0.0 || frequency_penalty != 0.0 || repetition_penalty != 1.0;
  }
};

// Throws Error naming the first parameter out of its range.
void validate(const SamplingParameters& parameters);

}  // namespace quantrial
