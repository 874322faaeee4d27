#include "engine/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/rng.h"
#include "ops/cpu/logit_scan.h"

namespace quantrial {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

constexpr uint64_t noise_key(uint64_t seed, uint64_t index) {
  const auto words = philox(seed, index);
  return uint64_t{words[0]} << 32 | words[1];
}

// -log(-log u), u in (0, 1) the middle of one of 2^52 equal parts.
double gumbel(uint64_t bits) {
  const double u = (static_cast<double>(bits) + 0.5) * 0x1p-52;
  return -std::log(-std::log(u));
}

// At least gumbel(bits): -log u >= 1 - u > 2^-(z+1), z leading zeros of the 52 bits of 1 - u.
double gumbel_bound(uint64_t bits) {
  const uint64_t rest = ~bits & ((uint64_t{1} << 52) - 1);
  const int zeros = std::countl_zero(rest) - 12;
  return 0.6931471805599454 * (zeros + 1);
}

// The largest logit, ties to the lowest id. Throws Error when the row is no distribution.
kernels::LargestLogit checked_argmax(std::span<const float> logits, uint64_t index) {
  const kernels::LargestLogit largest = kernels::largest_logit(logits);
  if (!largest.all_below_infinity) {
    const auto bad =
        std::find_if(logits.begin(), logits.end(), [](float x) { return !(x < infinity); });
    throw Error(
        "logits of generated token {}: {} at id {}; the checkpoint's weights overflow or "
        "hold NaN, see `quantrial inspect`",
        index, *bad, bad - logits.begin());
  }
  if (largest.logit == -infinity) {
    throw Error(
        "logits of generated token {}: all {} are -infinity; the checkpoint's weights "
        "overflow, see `quantrial inspect`",
        index, logits.size());
  }
  return largest;
}

TokenLogprobs logprobs_of(std::span<const float> logits, int32_t chosen, int64_t top,
                          double largest, std::vector<Candidate>& scratch) {
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - largest);
  const double log_sum = largest + std::log(sum);
  TokenLogprobs result;
  result.chosen = static_cast<double>(logits[static_cast<size_t>(chosen)]) - log_sum;
  if (top > 0) {
    keep_top_k(logits, std::numeric_limits<double>::lowest(), top, scratch);
    std::sort(scratch.begin(), scratch.end(), likelier);
    scratch.resize(std::min(scratch.size(), static_cast<size_t>(top)));
    for (const Candidate& c : scratch) {
      result.top.push_back({c.id, static_cast<double>(c.logit) - log_sum});
    }
  }
  return result;
}

// argmax of logit / temperature + noise, seen by increasing or any order of ids.
class GumbelMax {
 public:
  GumbelMax(double temperature, uint64_t key) : temperature_(temperature), key_(key) {}

  void offer(float logit, int32_t id) {
    constexpr double largest_noise = 36.75;  // -log(-log(1 - 2^-53))
    const double score = static_cast<double>(logit) / temperature_;
    if (!(score + largest_noise > best_)) return;
    const uint64_t bits = kernels::noise_bits(key_, id);
    if (score + gumbel_bound(bits) < best_) return;
    const double noisy = score + gumbel(bits);
    if (noisy > best_ || (noisy == best_ && id < id_)) {
      best_ = noisy;
      id_ = id;
    }
  }
  // All of a row whose largest logit is given. Of 248,320 ids the exact look takes 0.7 ms and
  // more, with a scan by vectors before it 0.13.
  void offer_all(std::span<const float> logits, float largest) {
    const auto vocab = static_cast<int64_t>(logits.size());
    const bool in_range =
        temperature_ >= 1e-6 && std::abs(static_cast<double>(largest)) <= 1e6 * temperature_;
    int64_t id = 0;
    while (id < vocab) {
      if (in_range) id = kernels::next_noisy(logits, id, {temperature_, key_, best_});
      const int64_t end = std::min(id + kernels::noisy_block, vocab);
      for (; id < end; ++id) offer(logits[static_cast<size_t>(id)], static_cast<int32_t>(id));
    }
  }
  int32_t id() const { return id_; }

 private:
  double temperature_;
  uint64_t key_;
  double best_ = -std::numeric_limits<double>::infinity();
  int32_t id_ = 0;
};

}  // namespace

double gumbel_noise(uint64_t seed, uint64_t index, int32_t id) {
  return gumbel(kernels::noise_bits(noise_key(seed, index), id));
}

SampledToken Sampler::sample(std::span<const float> raw, const SamplingParameters& parameters,
                             uint64_t index, const TokenCounts* counts) {
  const kernels::LargestLogit raw_largest = checked_argmax(raw, index);
  std::span<const float> logits = raw;
  kernels::LargestLogit largest = raw_largest;
  if (parameters.has_penalties()) {
    require(counts != nullptr, "penalties need token counts");
    logits = penalized(raw, parameters, *counts);
    largest = checked_argmax(logits, index);
  }
  SampledToken token;
  token.id = parameters.greedy() ? static_cast<int32_t>(largest.id)
                                 : draw(logits, parameters, index, largest.logit);
  if (parameters.top_logprobs) {
    token.logprobs = logprobs_of(raw, token.id, *parameters.top_logprobs,
                                 static_cast<double>(raw_largest.logit), candidates_);
  }
  return token;
}

std::span<const float> Sampler::penalized(std::span<const float> logits,
                                          const SamplingParameters& parameters,
                                          const TokenCounts& counts) {
  const auto repetition = static_cast<float>(parameters.repetition_penalty);
  const auto frequency = static_cast<float>(parameters.frequency_penalty);
  const auto presence = static_cast<float>(parameters.presence_penalty);
  penalized_.assign(logits.begin(), logits.end());
  for (const TokenCounts::Entry& entry : counts.entries()) {
    if (!entry.in_prompt && entry.output_count == 0) continue;
    float& logit = penalized_[static_cast<size_t>(entry.id)];
    logit = logit > 0 ? logit / repetition : logit * repetition;
    if (entry.output_count > 0) {
      logit -= frequency * static_cast<float>(entry.output_count);
      logit -= presence;
    }
  }
  return penalized_;
}

int32_t Sampler::draw(std::span<const float> logits, const SamplingParameters& parameters,
                      uint64_t index, float largest) {
  GumbelMax winner(parameters.temperature, noise_key(parameters.seed, index));
  const auto vocab = static_cast<int64_t>(logits.size());
  if (parameters.draws_from_all(vocab)) {
    winner.offer_all(logits, largest);
    return winner.id();
  }
  keep_drawable(logits, largest, parameters, candidates_);
  for (const Candidate& c : candidates_) winner.offer(c.logit, c.id);
  return winner.id();
}

}  // namespace quantrial
