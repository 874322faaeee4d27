// Paired differences by question: the primary figure of a comparison (evaluation.md 2.3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "statistics/interval.h"

namespace quantrial::statistics {

// The mean of D_i = score_B,i - score_A,i in [-1, 1], at least one, with Student's t interval.
// Where fewer than five are not zero it would degenerate, and holds an exact one as well, never
// narrower than 3/n.
Interval paired_interval(std::span<const double> differences);

struct PairedDifference {
  Interval delta;  // paired_interval()
  double standard_error = 0;
  double p = 1;  // sign_flip_p()
};
PairedDifference paired_difference(std::span<const double> differences, uint64_t seed);

// P(|mean of +-D_i| >= |mean of D_i|) over random signs: all of them for up to 16 that are not
// zero, else 100,000 draws with one added to both counts (Phipson & Smyth 2010).
double sign_flip_p(std::span<const double> differences, uint64_t seed);

// Holm 1979: adjusted p-values, in the order of `p`.
std::vector<double> holm(std::span<const double> p);

}  // namespace quantrial::statistics
