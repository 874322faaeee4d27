// The second moments of what a Linear reads, over the calibration set: the Hessian of its output
// error (algorithms.md B.4), and how far to trust it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/workers.h"
#include "tensor/view.h"

namespace quantrial {

// Below it the square of an input has no place in float any more; such an input counts as zero.
constexpr double faint_mean_square = 1e-34;

class InputMoments {
 public:
  explicit InputMoments(int64_t columns);

  // Adds the rows x[L,K] of one sequence.
  void add(View<const float, 2> x, Workers& workers);

  int64_t columns() const { return columns_; }
  // Mean over all rows of x_j^2: [K].
  std::vector<float> mean_squares() const;

  // With few sequences the off-diagonal moments are mostly noise; GPTQ fits that noise and can end
  // worse than round to nearest on unseen rows. This is the share by which to shrink all
  // correlations, from how much they vary between sequences (Schaefer and Strimmer 2005, table 2,
  // target D): sum Var(r_ij) / sum r_ij^2 over i != j, in [0, 1]; 1 for a single sequence.
  double shrinkage() const;

  // Moves the sums out: the mean of x_i x_j, h[K,K] row-major.
  std::vector<float> take_means(Workers& workers);

 private:
  void add_products(View<const float, 2> x, Workers& workers);
  void add_spread(View<const float, 2> x, Workers& workers);

  int64_t columns_ = 0, rows_ = 0, sequences_ = 0;
  std::vector<float> sums_;     // [K,K] sum of x_i x_j, tiles on and above the diagonal
  std::vector<float> weights_;  // [K] 1 / rms of x_i in the first sequence
  // Sum over sequences of sum_{i != j} r_ij^2, r_ij the mean of x_i x_j times their weights.
  double squared_correlations_ = 0;
};

}  // namespace quantrial
