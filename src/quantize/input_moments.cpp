#include "quantize/input_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/matmul.h"

namespace quantrial {

namespace {

constexpr int64_t tile = 128;

int64_t tiles(int64_t n) { return (n + tile - 1) / tile; }

// 1 / rms of each column; a faint one weighs nothing.
std::vector<float> inverse_rms(View<const float, 2> x) {
  std::vector<double> squares(static_cast<size_t>(x.shape(1)));
  for (int64_t t = 0; t < x.shape(0); ++t) {
    for (int64_t k = 0; k < x.shape(1); ++k) {
      squares[static_cast<size_t>(k)] += double{x[t][k]} * x[t][k];
    }
  }
  std::vector<float> weights(squares.size());
  std::transform(squares.begin(), squares.end(), weights.begin(), [&](double sum) {
    const auto rows = static_cast<double>(x.shape(0));
    return sum < faint_mean_square * rows ? 0 : static_cast<float>(std::sqrt(rows / sum));
  });
  return weights;
}

}  // namespace

InputMoments::InputMoments(int64_t columns)
    : columns_(columns), sums_(static_cast<size_t>(columns * columns)) {}

void InputMoments::add(View<const float, 2> x, Workers& workers) {
  require(x.shape(1) == columns_, "InputMoments: width of the rows");
  if (weights_.empty()) weights_ = inverse_rms(x);
  add_products(x, workers);
  add_spread(x, workers);
  rows_ += x.shape(0);
  ++sequences_;
}

void InputMoments::add_products(View<const float, 2> x, Workers& workers) {
  const int64_t K = columns_, count = tiles(K);
  workers.for_each(count * count, product_scratch_floats(), [&](int64_t i, float* scratch) {
    const int64_t row = i / count * tile, column = i % count * tile;
    if (column < row) return;
    multiply({.a = transposed({x.data() + row, K}),
              .b = {x.data() + column, K},
              .c = sums_.data() + row * K + column,
              .c_stride = K,
              .M = std::min(tile, K - row),
              .N = std::min(tile, K - column),
              .K = x.shape(0),
              .into = Into::add},
             scratch);
  });
}

// sum_ij (sum_t x_ti x_tj)^2 = sum_tu (sum_i x_ti x_ui)^2: a product of L x L instead of K x K.
void InputMoments::add_spread(View<const float, 2> x, Workers& workers) {
  const int64_t L = x.shape(0), K = columns_, count = tiles(L);
  std::vector<float> scaled(x.span().begin(), x.span().end());
  for (int64_t t = 0; t < L; ++t) {
    for (int64_t k = 0; k < K; ++k) {
      scaled[static_cast<size_t>(t * K + k)] *= weights_[static_cast<size_t>(k)];
    }
  }
  std::vector<float> gram(static_cast<size_t>(L * L));
  workers.for_each(count, product_scratch_floats(), [&](int64_t i, float* scratch) {
    const int64_t row = i * tile;
    multiply({.a = {scaled.data() + row * K, K},
              .b = transposed({scaled.data(), K}),
              .c = gram.data() + row * L,
              .c_stride = L,
              .M = std::min(tile, L - row),
              .N = L,
              .K = K},
             scratch);
  });
  double all = 0, diagonal = 0;
  for (const float g : gram) all += double{g} * g;
  for (int64_t k = 0; k < K; ++k) {
    double square = 0;
    for (int64_t t = 0; t < L; ++t) {
      const double value = scaled[static_cast<size_t>(t * K + k)];
      square += value * value;
    }
    diagonal += square * square;
  }
  squared_correlations_ += (all - diagonal) / (static_cast<double>(L) * static_cast<double>(L));
}

std::vector<float> InputMoments::mean_squares() const {
  std::vector<float> means(static_cast<size_t>(columns_));
  for (int64_t k = 0; k < columns_; ++k) {
    means[static_cast<size_t>(k)] =
        sums_[static_cast<size_t>(k * columns_ + k)] / static_cast<float>(rows_);
  }
  return means;
}

double InputMoments::shrinkage() const {
  if (sequences_ < 2) return 1;
  double squares = 0;  // of the mean correlations
  for (int64_t i = 0; i < columns_; ++i) {
    const float* row = sums_.data() + i * columns_;
    double sum = 0;
    for (int64_t j = i + 1; j < columns_; ++j) {
      const double r = double{row[j]} * weights_[static_cast<size_t>(j)];
      sum += r * r;
    }
    const double weight = weights_[static_cast<size_t>(i)];
    squares += 2 * sum * weight * weight;
  }
  const auto rows = static_cast<double>(rows_), n = static_cast<double>(sequences_);
  squares /= rows * rows;
  if (squares == 0 || !std::isfinite(squares + squared_correlations_)) return 1;
  const double variance = (squared_correlations_ - n * squares) / (n * (n - 1));
  return std::clamp(variance / squares, 0.0, 1.0);
}

std::vector<float> InputMoments::take_means(Workers& workers) {
  const auto rows = static_cast<float>(rows_);
  const int64_t K = columns_;
  workers.for_each(K, [&](int64_t i) {
    for (int64_t j = i; j < K; ++j) sums_[static_cast<size_t>(i * K + j)] /= rows;
  });
  workers.for_each(K, [&](int64_t i) {
    for (int64_t j = 0; j < i; ++j) {
      sums_[static_cast<size_t>(i * K + j)] = sums_[static_cast<size_t>(j * K + i)];
    }
  });
  return std::move(sums_);
}

}  // namespace quantrial
