// The numbers that one Linear's weight is rounded from while AutoRound tunes them.
#pragma once

#include <vector>

#include "formats/codec.h"
#include "ops/workers.h"
#include "tensor/view.h"

namespace quantrial {

class TunedLinear {
 public:
  // `steps`[N,K] in steps of the scales of `start`, which it rounds to.
  TunedLinear(const Codec& codec, QuantizedMatrix start, std::vector<float> steps);

  // Rounds the steps anew: values()[N,K] and the codes.
  void round(Workers& workers);
  View<const float, 2> values() const { return {values_.data(), {rows(), columns()}}; }

  // The second derivative of the loss by w[n,k], as row[n] * column[k]: sums of squared gradients
  // by random outputs (Hutchinson 1990; the diagonal of the Gauss-Newton matrix).
  void add_curvature(View<const float, 2> dw, Workers& workers);
  void fit_curvature(std::vector<float> mean_squares);

  // One step along dw[N,K] = dL/dvalues.
  void descend(View<const float, 2> dw, float rate, Workers& workers);

  // Keeps the codes as the best so far; restores them.
  void keep() { best_ = matrix_.codes; }
  QuantizedMatrix take_best();

 private:
  int64_t rows() const { return matrix_.rows; }
  int64_t columns() const { return matrix_.columns; }

  Codec codec_;
  QuantizedMatrix matrix_;
  std::vector<uint8_t> best_;          // [N,K]
  std::vector<float> steps_, values_;  // [N,K]
  std::vector<bool> is_zero_row_;      // [N]: of weights that are all 0 and stay so
  std::vector<double> row_curvature_;  // [N]
  std::vector<float> inverse_column_;  // [K]
};

}  // namespace quantrial
