// Bootstrap intervals over questions (Efron). The draws are a function of the seed alone: question
// number floor(uniform(seed, draw * n + i) * n) of base/rng.h, so any program can repeat them, and
// figures of several variants that share seed and n share their resamples.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "statistics/interval.h"

namespace quantrial::statistics {

inline constexpr int64_t bootstrap_draws = 2000;

// `figure(questions)`: the figure on a list of question numbers (0 .. n-1, with repeats). Value: on
// all of them once. Interval: BCa (Efron 1987); with an acceleration of 0 where it is not defined
// (all jackknife figures equal).
Interval bootstrap(int64_t n, const std::function<double(std::span<const int64_t>)>& figure,
                   uint64_t seed, int64_t draws = bootstrap_draws);

}  // namespace quantrial::statistics
