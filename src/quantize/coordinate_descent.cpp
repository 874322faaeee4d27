#include "quantize/coordinate_descent.h"

#include <algorithm>

#include "ops/matmul.h"

namespace quantrial {

namespace {

constexpr int64_t tile_rows = 64;  // of a task
constexpr int64_t block = 128;     // places between two products

template <typename C>
struct Descent {
  const C& codec;
  View<const float, 2> w;  // [N,K]
  const ErrorFeedback& feedback;
  QuantizedMatrix& matrix;
  std::span<float> steps;  // [N,K] or empty

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

  int64_t K() const { return matrix.columns; }
  int64_t column(int64_t place) const { return feedback.columns[static_cast<size_t>(place)]; }
  const float* h(int64_t i, int64_t j) const { return feedback.m.data() + i * K() + j; }

  Tile tile(int64_t i, float* scratch) const {
    const int64_t n = i * tile_rows;
    float* const changes = scratch + tile_rows * K();
    float* const square = changes + tile_rows * block;
    return {
        n, std::min(tile_rows, matrix.rows - n), scratch, changes, square, square + block * block};
  }

  uint8_t& code(int64_t n, int64_t k) const {
    return matrix.codes[static_cast<size_t>(n * K() + k)];
  }
  GroupScale scale(int64_t n, int64_t k) const {
    return matrix.scales[static_cast<size_t>(n * (K() / codec.group_size) + k / codec.group_size)];
  }

  void load_square(int64_t first, int64_t size, float* square) const {
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        square[i * size + j] = square[j * size + i] = *h(first + j, first + i);
      }
      square[i * size + i] = feedback.diagonal[static_cast<size_t>(first + i)];
    }
  }

  // gradient[rows, K] += changes[rows, size] H[block at `first`, K]; H is kept above the diagonal.
  void spread(const Tile& t, int64_t first, int64_t size) const {
    const int64_t end = first + size;
    Product product{.a = {t.changes, size},
                    .b = transposed({h(0, first), K()}),  // H[first.., 0..first)
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
    product.b = {h(first, end), K()};
    product.c = t.gradient + end;
    product.N = K() - end;
    multiply(product, t.scratch);
  }

  template <typename Block>
  void for_each_block(Block&& of) const {
    for (int64_t end = K(); end > 0;) {
      const int64_t first = (end - 1) / block * block;
      of(first, end - first);
      end = first;
    }
  }

  void load_gradient(const Tile& t) const {
    std::fill_n(t.gradient, t.rows * K(), 0.0f);
    for_each_block([&](int64_t first, int64_t size) {
      for (int64_t r = 0; r < t.rows; ++r) {
        const int64_t n = t.first_row + r;
        for (int64_t i = 0; i < size; ++i) {
          const int64_t k = column(first + i);
          t.changes[r * size + i] = C::decode(code(n, k), scale(n, k)) - w[n][k];
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
      const int64_t k = column(first + i);
      const GroupScale s = scale(n, k);
      uint8_t& chosen = code(n, k);
      const float value = C::decode(chosen, s);
      const float target = value - own[i] / t.square[i * size + i];
      codec.encode({&target, 1}, {}, s, {&chosen, 1});
      if (!steps.empty()) steps[static_cast<size_t>(n * K() + k)] = target / s.scale;
      const float change = C::decode(chosen, s) - value;
      changes[i] = change;
      if (change == 0) continue;
      for (int64_t j = 0; j < i; ++j) own[j] += change * t.square[i * size + j];
    }
  }

  void run(const Tile& t, int passes) const {
    load_gradient(t);
    for (int pass = 0; pass < passes; ++pass) {
      for_each_block([&](int64_t first, int64_t size) {
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
        const Descent<C> descent{c, w, feedback, matrix, steps};
        workers.for_each(
            (w.shape(0) + tile_rows - 1) / tile_rows, Descent<C>::scratch_floats(w.shape(1)),
            [&](int64_t i, float* scratch) { descent.run(descent.tile(i, scratch), passes); });
      },
      codec);
}

}  // namespace quantrial
