// A format made up for new_format_test.cpp: one bit a weight and a scale a row, w[n,k] = +-scale.
// It has what CONTRIBUTING.md asks of a format's header and nothing else.
#pragma once

#include <span>
#include <string_view>

#include "tensor/array.h"

namespace quantrial {

struct BinaryRow {
  static constexpr std::string_view name = "binary";

  int64_t rows = 0, columns = 0;  // N, K
  Array<uint8_t> bits;            // [N, ceil(K/8)], lowest first; 1: minus
  Array<float> scales;            // [N]

  int64_t bytes() const { return bits.bytes() + scales.bytes(); }
  // Row n as floats: row[K].
  void decode_row(int64_t n, std::span<float> row) const {
    const uint8_t* source = bits.data() + n * ((columns + 7) / 8);
    for (size_t k = 0; k < row.size(); ++k) {
      row[k] = (source[k / 8] >> (k % 8) & 1) != 0 ? -scales[n] : scales[n];
    }
  }
};

}  // namespace quantrial
