#include "quantize/tuned_linear.h"

#include <algorithm>
#include <numeric>

#include "quantize/rounding.h"

namespace quantrial {

TunedLinear::TunedLinear(const Codec& codec, QuantizedMatrix start, std::vector<float> steps)
    : codec_(codec),
      matrix_(std::move(start)),
      best_(matrix_.codes),
      steps_(std::move(steps)),
      values_(steps_.size()),
      row_curvature_(static_cast<size_t>(matrix_.rows)) {
  const auto K = static_cast<std::ptrdiff_t>(matrix_.columns);
  for (auto row = steps_.cbegin(); row != steps_.cend(); row += K) {
    is_zero_row_.push_back(std::all_of(row, row + K, [](float step) { return step == 0; }));
  }
}

void TunedLinear::round(Workers& workers) {
  const int64_t K = columns(), groups = K / matrix_.group_size;
  workers.for_rows(rows(), K, [&](int64_t n) {
    const auto first = static_cast<size_t>(n * K), size = static_cast<size_t>(K);
    const std::span scales(matrix_.scales.data() + n * groups, static_cast<size_t>(groups));
    round_row(codec_,
              {.x = std::span(steps_).subspan(first, size),
               .unit = RowToRound::Unit::steps,
               .scales = scales},
              std::span(matrix_.codes).subspan(first, size),
              std::span(values_).subspan(first, size));
  });
}

void TunedLinear::add_curvature(View<const float, 2> dw, Workers& workers) {
  workers.for_rows(rows(), columns(), [&](int64_t n) {
    if (is_zero_row_[static_cast<size_t>(n)]) return;
    double sum = 0;
    for (const float g : dw[n].span()) sum += double{g} * g;
    row_curvature_[static_cast<size_t>(n)] += sum;
  });
}

void TunedLinear::fit_curvature(std::vector<float> mean_squares) {
  const double total = std::accumulate(mean_squares.begin(), mean_squares.end(), 0.0);
  const double floor = 0.01 * total / static_cast<double>(mean_squares.size());
  for (float& square : mean_squares) square = 1 / (square + static_cast<float>(floor));
  inverse_column_ = std::move(mean_squares);
  for (double& row : row_curvature_) row = total > 0 ? row / total : 0;
}

void TunedLinear::descend(View<const float, 2> dw, float rate, Workers& workers) {
  const int64_t K = columns(), groups = K / matrix_.group_size;
  workers.for_rows(rows(), K, [&](int64_t n) {
    const double curvature = row_curvature_[static_cast<size_t>(n)];
    if (!(curvature > 0)) return;
    const std::span scales(matrix_.scales.data() + n * groups, static_cast<size_t>(groups));
    quantrial::descend(
        codec_,
        {.gradient = dw[n].span(),
         .inverse = inverse_column_,
         .rate = static_cast<float>(rate / (2 * curvature))},
        scales, std::span(steps_).subspan(static_cast<size_t>(n * K), static_cast<size_t>(K)));
  });
}

QuantizedMatrix TunedLinear::take_best() {
  matrix_.codes = std::move(best_);
  return std::move(matrix_);
}

}  // namespace quantrial
