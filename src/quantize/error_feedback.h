// How the rounding error of one column is made good by the columns after it: the factor of a
// Hessian that GPTQ (Frantar et al. 2022) and LDLQ (Chee et al. 2023, the same thing) walk along.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/workers.h"
#include "quantize/input_moments.h"

namespace quantrial {

struct FeedbackParameters {
  // Added to the diagonal, as a share of its mean (algorithms.md B.4).
  double dampening = 0.01;
  enum class Order : uint8_t {
    as_stored,
    descending,  // columns with the largest inputs first: "static" activation ordering
  };
  Order order = Order::descending;
  enum class Shrinkage : uint8_t {
    none,
    estimated,  // InputMoments::shrinkage()
  };
  Shrinkage shrinkage = Shrinkage::estimated;
};

// H = M^T D M with M unit lower triangular, D diagonal, columns in the order `columns`: the last
// place is rounded first, and an error e there adds e * M[place][p] to each place p < place. H is
// what was factored: shrunk and dampened.
struct ErrorFeedback {
  std::vector<int64_t> columns;  // [K] the column of w at each place
  std::vector<float> m;          // [K,K] row-major: M below the diagonal, H above it
  std::vector<float> diagonal;   // [K] of H
  double shrinkage = 0;          // used
  double dampening = 0;          // used: raised tenfold as long as H had no factor
};

// Inputs that were always 0, or next to nothing, feed nothing back: their weights are rounded to
// nearest. The moments must be finite.
ErrorFeedback error_feedback(InputMoments moments, const FeedbackParameters& parameters,
                             Workers& workers);

}  // namespace quantrial
