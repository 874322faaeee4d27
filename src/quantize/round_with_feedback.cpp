#include "quantize/round_with_feedback.h"

#include "ops/matmul.h"
#include "quantize/feedback_matrix.h"

namespace quantrial {

namespace {

template <typename C>
struct Rounding {
  using Matrix = FeedbackMatrix<C>;
  const Matrix& of;

  static int64_t scratch_floats(int64_t K) {
    return Matrix::tile_rows * (K + Matrix::block) + product_scratch_floats();
  }

  // Rounds rows [n, n + count); target[count,K] in the order of places.
  void rows(int64_t n, int64_t count, float* scratch) const {
    const int64_t K = of.K();
    float* const target = scratch;
    float* const errors = target + Matrix::tile_rows * K;  // [count, block]
    for (int64_t i = 0; i < count; ++i) {
      const float* const row = of.w[n + i].data();
      for (int64_t p = 0; p < K; ++p) target[i * K + p] = row[of.column(p)];
    }
    of.for_each_block([&](int64_t first, int64_t size) {
      for (int64_t i = 0; i < count; ++i) {
        places(n + i, first, first + size, target + i * K, errors + i * size);
      }
      if (first == 0) return;
      multiply({.a = {errors, size},
                .b = {of.m(first, 0), K},
                .c = target,
                .c_stride = K,
                .M = count,
                .N = first,
                .K = size,
                .into = Into::add},
               errors + Matrix::tile_rows * Matrix::block);
    });
  }

  // Rounds places [first, end) of row n, the last first; error[end - first] of each.
  void places(int64_t n, int64_t first, int64_t end, float* target, float* error) const {
    for (int64_t p = end - 1; p >= first; --p) {
      const int64_t k = of.column(p);
      const float e = of.w[n][k] - of.round(n, k, target[p]);
      error[p - first] = e;
      const float* const m = of.m(p, 0);
      for (int64_t q = first; q < p; ++q) target[q] += e * m[q];
    }
  }
};

}  // namespace

QuantizedMatrix round_with_feedback(const Codec& codec, View<const float, 2> w,
                                    std::vector<GroupScale> scales, const ErrorFeedback& feedback,
                                    std::span<float> steps, Workers& workers) {
  const int64_t N = w.shape(0), K = w.shape(1);
  require(static_cast<int64_t>(feedback.columns.size()) == K, "round_with_feedback: columns");
  QuantizedMatrix matrix{.rows = N,
                         .columns = K,
                         .group_size = group_size(codec),
                         .codes = std::vector<uint8_t>(static_cast<size_t>(N * K)),
                         .scales = std::move(scales)};
  std::visit(
      [&]<typename C>(const C& c) {
        const FeedbackMatrix<C> of{c, w, feedback, matrix, steps};
        const Rounding<C> rounding{of};
        of.for_each_tile(
            Rounding<C>::scratch_floats(K), workers,
            [&](int64_t n, int64_t rows, float* scratch) { rounding.rows(n, rows, scratch); });
      },
      codec);
  return matrix;
}

}  // namespace quantrial
