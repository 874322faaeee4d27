// A matrix whose codes are chosen place by place along an ErrorFeedback: what
// round_with_feedback() and descend_by_coordinates() share. The tasks of a matrix are tiles of
// rows; in a tile, blocks of places follow one another with a matrix product between two.
#pragma once

#include <algorithm>
#include <span>

#include "formats/codec.h"
#include "ops/workers.h"
#include "quantize/error_feedback.h"
#include "tensor/view.h"

namespace quantrial {

template <typename C>  // of the types of a Codec
struct FeedbackMatrix {
  static constexpr int64_t tile_rows = 64;
  static constexpr int64_t block = 128;  // places, as in every GPTQ

  const C& codec;
  View<const float, 2> w;  // [N,K]
  const ErrorFeedback& feedback;
  QuantizedMatrix& matrix;
  std::span<float> steps;  // [N,K] or empty: what was rounded, in steps of the scales

  int64_t K() const { return matrix.columns; }
  int64_t column(int64_t place) const { return feedback.columns[static_cast<size_t>(place)]; }
  // Row i of M and H, from place j on.
  const float* m(int64_t i, int64_t j) const { return feedback.m.data() + i * K() + j; }

  GroupScale scale(int64_t n, int64_t k) const {
    return matrix.scales[static_cast<size_t>(n * (K() / codec.group_size) + k / codec.group_size)];
  }
  float value(int64_t n, int64_t k) const { return C::decode(code(n, k), scale(n, k)); }
  // Rounds `target` as column k of row n; returns the value that this gives.
  float round(int64_t n, int64_t k, float target) const {
    const GroupScale s = scale(n, k);
    codec.encode({&target, 1}, {}, s, {&code(n, k), 1});
    if (!steps.empty()) steps[static_cast<size_t>(n * K() + k)] = target / s.scale;
    return C::decode(code(n, k), s);
  }

  // Calls of(first, size) for each block of places, the last first.
  template <typename Of>
  void for_each_block(Of&& of) const {
    for (int64_t end = K(); end > 0;) {
      const int64_t first = (end - 1) / block * block;
      of(first, end - first);
      end = first;
    }
  }

  // Calls of(first_row, rows, scratch) for each tile, in tasks.
  template <typename Of>
  void for_each_tile(int64_t scratch_floats, Workers& workers, Of&& of) const {
    const int64_t N = matrix.rows;
    workers.for_each((N + tile_rows - 1) / tile_rows, scratch_floats,
                     [&](int64_t i, float* scratch) {
                       const int64_t n = i * tile_rows;
                       of(n, std::min(tile_rows, N - n), scratch);
                     });
  }

 private:
  uint8_t& code(int64_t n, int64_t k) const {
    return matrix.codes[static_cast<size_t>(n * K() + k)];
  }
};

}  // namespace quantrial
