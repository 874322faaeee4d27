// E4M3 codes with one multiplier per block of rows x columns (128 x 128 in HF `fp8` and
// compressed-tensors FP8_BLOCK; 1 x K is per channel, N x K per tensor). formats.md A.2.
#pragma once

#include <span>
#include <string_view>

#include "formats/activations.h"
#include "tensor/array.h"
#include "tensor/numbers.h"

namespace quantrial {

struct Fp8Block {
  static constexpr std::string_view name = "fp8-block";

  int64_t rows = 0, columns = 0;  // N, K
  int64_t block_rows = 128, block_columns = 128;
  Array<float8_e4m3> codes;  // [N, K]
  Array<float> scales;       // [ceil(N/block_rows), ceil(K/block_columns)]
  Activations activations;

  int64_t scale_columns() const { return (columns + block_columns - 1) / block_columns; }
  int64_t bytes() const { return codes.bytes() + scales.bytes(); }
  // Row n as floats, code * scale: row[K].
  void decode_row(int64_t n, std::span<float> row) const {
    const float8_e4m3* source = codes.data() + n * columns;
    const float* scale = scales.data() + n / block_rows * scale_columns();
    for (int64_t k = 0; k < columns; ++k) {
      row[static_cast<size_t>(k)] = to_float(source[k]) * scale[k / block_columns];
    }
  }
};

}  // namespace quantrial
