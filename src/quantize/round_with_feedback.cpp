#include "quantize/round_with_feedback.h"

#include <algorithm>

#include "ops/matmul.h"

namespace quantrial {

namespace {

constexpr int64_t tile_rows = 64;  // of a task
constexpr int64_t block = 128;     // places between two products, as in every GPTQ

template <typename C>
struct Rounding {
  const C& codec;
  View<const float, 2> w;  // [N,K]
  const ErrorFeedback& feedback;
  QuantizedMatrix& matrix;
  std::span<float> steps;  // [N,K] or empty

  int64_t K() const { return matrix.columns; }
  static int64_t scratch_floats(int64_t K) {
    return tile_rows * K + tile_rows * block + product_scratch_floats();
  }

  // Rounds rows [n, n + count); target[count,K] in the order of places.
  void rows(int64_t n, int64_t count, float* scratch) const {
    float* const target = scratch;
    float* const errors = target + tile_rows * K();  // [count, block]
    for (int64_t i = 0; i < count; ++i) {
      const float* const row = w[n + i].data();
      for (int64_t p = 0; p < K(); ++p)
        target[i * K() + p] = row[feedback.columns[static_cast<size_t>(p)]];
    }
    for (int64_t end = K(); end > 0;) {
      const int64_t first = std::max<int64_t>(0, (end - 1) / block * block), size = end - first;
      for (int64_t i = 0; i < count; ++i) {
        places(n + i, first, end, target + i * K(), errors + i * size);
      }
      if (first > 0) {
        multiply({.a = {errors, size},
                  .b = {feedback.m.data() + first * K(), K()},
                  .c = target,
                  .c_stride = K(),
                  .M = count,
                  .N = first,
                  .K = size,
                  .into = Into::add},
                 errors + tile_rows * block);
      }
      end = first;
    }
  }

  // Rounds places [first, end) of row n, the last first; error[end - first] of each.
  void places(int64_t n, int64_t first, int64_t end, float* target, float* error) const {
    for (int64_t p = end - 1; p >= first; --p) {
      const float e = round_place(n, feedback.columns[static_cast<size_t>(p)], target[p]);
      error[p - first] = e;
      const float* const m = feedback.m.data() + p * K();
      for (int64_t q = first; q < p; ++q) target[q] += e * m[q];
    }
  }

  // Rounds `target` as column k of row n; returns w - w'.
  float round_place(int64_t n, int64_t k, float target) const {
    const GroupScale scale =
        matrix.scales[static_cast<size_t>(n * (K() / codec.group_size) + k / codec.group_size)];
    const float weight = w[n][k];
    uint8_t& code = matrix.codes[static_cast<size_t>(n * K() + k)];
    codec.encode({&target, 1}, {}, scale, {&code, 1});
    if (!steps.empty()) steps[static_cast<size_t>(n * K() + k)] = target / scale.scale;
    return weight - C::decode(code, scale);
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
        const Rounding<C> rounding{c, w, feedback, matrix, steps};
        workers.for_each((N + tile_rows - 1) / tile_rows, Rounding<C>::scratch_floats(K),
                         [&](int64_t i, float* scratch) {
                           const int64_t n = i * tile_rows;
                           rounding.rows(n, std::min(tile_rows, N - n), scratch);
                         });
      },
      codec);
  return matrix;
}

}  // namespace quantrial
