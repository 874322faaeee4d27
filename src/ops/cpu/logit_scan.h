// Passes over a row of logits (248,320 for Qwen3.6) by vectors, for the sampler: they find the few
// ids that its exact arithmetic is to look at.
#pragma once

#include <cstdint>
#include <span>

namespace quantrial::kernels {

struct LargestLogit {
  float logit;
  int64_t id;               // the first of those that equal it
  bool all_below_infinity;  // false for NaN too; then the rest is not to be used
};
// -infinity and id 0 when all are -infinity.
LargestLogit largest_logit(std::span<const float> logits);

// The first id from `from` on with logit >= threshold, or the number of logits.
int64_t next_at_least(std::span<const float> logits, int64_t from, float threshold);

// Element `id` of the SplitMix64 sequence that starts at `key` (Steele, Lea, Flood 2014, "Fast
// splittable pseudorandom number generators"): its upper 52 bits.
constexpr uint64_t noise_bits(uint64_t key, int64_t id) {
  uint64_t z = key + (static_cast<uint64_t>(id) + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return (z ^ z >> 31) >> 12;
}

// Ids whose logit / temperature + Gumbel noise of noise_bits(key, id) might exceed `best`.
struct NoisyScan {
  double temperature;  // at least 1e-6
  uint64_t key;
  double best;
};
inline constexpr int64_t noisy_block = 16;
// The first such block of ids [i, i + noisy_block) from `from` on, or the number of logits.
int64_t next_noisy(std::span<const float> logits, int64_t from, const NoisyScan& scan);

}  // namespace quantrial::kernels
