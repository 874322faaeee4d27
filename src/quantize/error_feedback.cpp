#include "quantize/error_feedback.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/matmul.h"
#include "quantize/cholesky.h"

namespace quantrial {

namespace {

// Places of the columns: the largest diagonal last, as it is rounded first; ties keep the order.
std::vector<int64_t> places(const std::vector<float>& diagonal, FeedbackParameters::Order order) {
  std::vector<int64_t> columns(diagonal.size());
  std::iota(columns.rbegin(), columns.rend(), 0);
  if (order == FeedbackParameters::Order::descending) {
    std::stable_sort(columns.rbegin(), columns.rend(), [&](int64_t a, int64_t b) {
      return diagonal[static_cast<size_t>(a)] > diagonal[static_cast<size_t>(b)];
    });
  }
  return columns;
}

std::vector<float> square_roots(const std::vector<float>& diagonal) {
  std::vector<float> roots(diagonal.size());
  std::transform(diagonal.begin(), diagonal.end(), roots.begin(),
                 [](float d) { return d > 0 ? std::sqrt(d) : 1; });
  return roots;
}

// Inputs whose mean square is next to nothing, beside the others or beside what float holds, count
// as never seen: they would cost the factor its digits.
void clear_faint_inputs(std::vector<float>& diagonal, double mean, std::vector<float>& h) {
  const double faint = std::max(faint_mean_square, 1e-20 * mean);
  const size_t K = diagonal.size();
  for (size_t k = 0; k < K; ++k) {
    if (diagonal[k] == 0 || diagonal[k] > faint) continue;
    diagonal[k] = 0;
    for (size_t i = 0; i < K; ++i) h[k * K + i] = h[i * K + k] = 0;
  }
}

// What is factored: correlations, shrunk towards none, columns at their places. Scaled so, inputs
// of very different size do not cost float its digits.
struct Correlations {
  const std::vector<float>& h;      // [K,K]
  const std::vector<float>& roots;  // [K] of the diagonal
  const std::vector<int64_t>& columns;
  double shrinkage;

  void write_to(std::vector<float>& c, Workers& workers) const {
    const auto K = static_cast<int64_t>(columns.size());
    const auto keep = static_cast<float>(1 - shrinkage);
    workers.for_each(K, [&](int64_t i) {
      const auto row = static_cast<size_t>(columns[static_cast<size_t>(i)]);
      for (int64_t j = 0; j < i; ++j) {
        const auto column = static_cast<size_t>(columns[static_cast<size_t>(j)]);
        c[static_cast<size_t>(i * K + j)] =
            keep * h[row * static_cast<size_t>(K) + column] / (roots[row] * roots[column]);
      }
    });
  }
};

// H = (R L)(R L)^T for R the diagonal matrix of roots: M = (R L)^T in units of its own diagonal.
void make_unit(std::vector<float>& l, const std::vector<float>& roots,
               const std::vector<int64_t>& columns, Workers& workers) {
  const auto K = static_cast<int64_t>(columns.size());
  std::vector<float> inverse(columns.size());
  for (int64_t j = 0; j < K; ++j) {
    inverse[static_cast<size_t>(j)] =
        1 / (roots[static_cast<size_t>(columns[static_cast<size_t>(j)])] *
             l[static_cast<size_t>(j * K + j)]);
  }
  workers.for_each(K, [&](int64_t i) {
    const float root = roots[static_cast<size_t>(columns[static_cast<size_t>(i)])];
    for (int64_t j = 0; j <= i; ++j) {
      l[static_cast<size_t>(i * K + j)] *= root * inverse[static_cast<size_t>(j)];
    }
  });
}

// H itself, above the diagonal of M.
void write_hessian(const std::vector<float>& h, const std::vector<float>& diagonal, double mean,
                   ErrorFeedback& feedback, Workers& workers) {
  const auto K = static_cast<int64_t>(feedback.columns.size());
  const auto keep = static_cast<float>(1 - feedback.shrinkage);
  workers.for_each(K, [&](int64_t i) {
    const int64_t row = feedback.columns[static_cast<size_t>(i)];
    for (int64_t j = i + 1; j < K; ++j) {
      const int64_t column = feedback.columns[static_cast<size_t>(j)];
      feedback.m[static_cast<size_t>(i * K + j)] = keep * h[static_cast<size_t>(row * K + column)];
    }
  });
  for (const int64_t column : feedback.columns) {
    const float d = diagonal[static_cast<size_t>(column)];
    feedback.diagonal.push_back(d > 0 ? d + static_cast<float>(feedback.dampening * mean) : 1);
  }
}

}  // namespace

ErrorFeedback error_feedback(InputMoments moments, const FeedbackParameters& parameters,
                             Workers& workers) {
  ErrorFeedback feedback{.columns = {},
                         .m = {},
                         .diagonal = {},
                         .shrinkage = parameters.shrinkage == FeedbackParameters::Shrinkage::none
                                          ? 0
                                          : moments.shrinkage(),
                         .dampening = parameters.dampening};
  std::vector<float> diagonal = moments.mean_squares();
  const double mean =
      std::accumulate(diagonal.begin(), diagonal.end(), 0.0) / static_cast<double>(diagonal.size());
  require(std::isfinite(mean), "error_feedback: inputs that are not numbers");
  std::vector<float> h = moments.take_means(workers);
  clear_faint_inputs(diagonal, mean, h);
  const std::vector<float> roots = square_roots(diagonal);
  feedback.columns = places(diagonal, parameters.order);
  feedback.m.resize(h.size());
  const auto K = static_cast<int64_t>(diagonal.size());
  for (;; feedback.dampening = std::max(feedback.dampening, 1e-4) * 10) {
    Correlations{h, roots, feedback.columns, feedback.shrinkage}.write_to(feedback.m, workers);
    for (int64_t i = 0; i < K; ++i) {
      const float d = diagonal[static_cast<size_t>(feedback.columns[static_cast<size_t>(i)])];
      feedback.m[static_cast<size_t>(i * K + i)] =
          d > 0 ? 1 + static_cast<float>(feedback.dampening * mean) / d : 1;
    }
    if (cholesky({feedback.m.data(), {K, K}}, workers)) break;
    require(feedback.dampening < 1e6, "error_feedback: no factor");
  }
  make_unit(feedback.m, roots, feedback.columns, workers);
  write_hessian(h, diagonal, mean, feedback, workers);
  return feedback;
}

}  // namespace quantrial
