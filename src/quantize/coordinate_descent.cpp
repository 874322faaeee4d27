#include "quantize/coordinate_descent.h"

#include <algorithm>

#include "ops/matmul.h"
#include "quantize/feedback_matrix.h"

namespace quantrial {

namespace {

template <typename C>
struct Descent {
  using Matrix = FeedbackMatrix<C>;
  static constexpr int64_t tile_rows = Matrix::tile_rows, block = Matrix::block;
  const Matrix& of;

  // Of a task, in the order of places.
  struct Tile {
    int64_t first_row, rows;
    float* gradient;  // [rows, K], half of the derivative by each value: (w' - w) H
    float* changes;   // [rows, block]
    float* square;    // [block, block], H between the places of a block
    float* scratch;
  };
  static int64_t scratch_floats(int64_t K) {
    return tile_rows * (K + block) + block * block + product_scratch_floats();
  }

  int64_t K() const { return of.K(); }

  Tile tile(int64_t n, int64_t rows, float* scratch) const {
    float* const changes = scratch + tile_rows * K();
    float* const square = changes + tile_rows * block;
    return {n, rows, scratch, changes, square, square + block * block};
  }

  void load_square(int64_t first, int64_t size, float* square) const {
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        square[i * size + j] = square[j * size + i] = *of.m(first + j, first + i);
      }
      square[i * size + i] = of.feedback.diagonal[static_cast<size_t>(first + i)];
    }
  }

  // gradient[rows, K] += changes[rows, size] H[block at `first`, K]; H is kept above the diagonal.
  void spread(const Tile& t, int64_t first, int64_t size) const {
    const int64_t end = first + size;
    Product product{.a = {t.changes, size},
                    .b = transposed({of.m(0, first), K()}),  // H[first.., 0..first)
                    .c = t.gradient,
                    .c_stride = K(),
                    .M = t.rows,
                    .N = first,
                    .K = size,
                    .into = Into::add};
    if (first > 0) multiply(product, t.scratch);
    product.b = {t.square, size};
    product.c = t.gradient + first;
    product.N = size;
    multiply(product, t.scratch);
    if (end == K()) return;
    product.b = {of.m(first, end), K()};
    product.c = t.gradient + end;
    product.N = K() - end;
    multiply(product, t.scratch);
  }

  void load_gradient(const Tile& t) const {
    std::fill_n(t.gradient, t.rows * K(), 0.0f);
    of.for_each_block([&](int64_t first, int64_t size) {
      for (int64_t r = 0; r < t.rows; ++r) {
        const int64_t n = t.first_row + r;
        for (int64_t i = 0; i < size; ++i) {
          const int64_t k = of.column(first + i);
          t.changes[r * size + i] = of.value(n, k) - of.w[n][k];
        }
      }
      load_square(first, size, t.square);
      spread(t, first, size);
    });
  }

  // Chooses the codes of row r again at the places of a block; their part of its gradient follows.
  void choose(const Tile& t, int64_t r, int64_t first, int64_t size) const {
    const int64_t n = t.first_row + r;
    float* const gradient = t.gradient + r * K() + first;
    float* const changes = t.changes + r * size;
    float own[block];  // the gradient within the block, as it changes
    std::copy_n(gradient, size, own);
    for (int64_t i = size - 1; i >= 0; --i) {
      const int64_t k = of.column(first + i);
      const float value = of.value(n, k);
      const float change = of.round(n, k, value - own[i] / t.square[i * size + i]) - value;
      changes[i] = change;
      if (change == 0) continue;
      for (int64_t j = 0; j < i; ++j) own[j] += change * t.square[i * size + j];
    }
  }

  void run(const Tile& t, int passes) const {
    load_gradient(t);
    for (int pass = 0; pass < passes; ++pass) {
      of.for_each_block([&](int64_t first, int64_t size) {
        load_square(first, size, t.square);
        for (int64_t r = 0; r < t.rows; ++r) choose(t, r, first, size);
        spread(t, first, size);
      });
    }
  }
};

}  // namespace

void descend_by_coordinates(const Codec& codec, View<const float, 2> w,
                            const ErrorFeedback& feedback, int passes, QuantizedMatrix& matrix,
                            std::span<float> steps, Workers& workers) {
  std::visit(
      [&]<typename C>(const C& c) {
        const FeedbackMatrix<C> of{c, w, feedback, matrix, steps};
        const Descent<C> descent{of};
        of.for_each_tile(Descent<C>::scratch_floats(w.shape(1)), workers,
                         [&](int64_t n, int64_t rows, float* scratch) {
                           descent.run(descent.tile(n, rows, scratch), passes);
                         });
      },
      codec);
}

}  // namespace quantrial
