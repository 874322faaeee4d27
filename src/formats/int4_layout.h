// Rearranging stored INT4 tensors into the layout of Int4Group.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/int4_group.h"
#include "tensor/safetensors.h"

namespace quantrial {

// Nibble i of the row that starts at byte `row`: even in the low half.
inline void set_nibble(std::vector<uint8_t>& bytes, int64_t row, int64_t i, uint8_t nibble) {
  uint8_t& byte = bytes[static_cast<size_t>(row + i / 2)];
  byte = static_cast<uint8_t>(byte | nibble << (i % 2 * 4));
}

// [rows, columns] to [columns, rows] in tiles of a cache line squared.
template <typename T>
std::vector<T> transposed(const T* source, int64_t rows, int64_t columns) {
  constexpr int64_t tile = 64 / sizeof(T);
  std::vector<T> result(static_cast<size_t>(rows * columns));
  for (int64_t r0 = 0; r0 < rows; r0 += tile) {
    const int64_t r1 = std::min(rows, r0 + tile);
    for (int64_t c0 = 0; c0 < columns; c0 += tile) {
      const int64_t c1 = std::min(columns, c0 + tile);
      for (int64_t c = c0; c < c1; ++c) {
        for (int64_t r = r0; r < r1; ++r) {
          result[static_cast<size_t>(c * rows + r)] = source[r * columns + c];
        }
      }
    }
  }
  return result;
}

// Scales stored as [N, K/G], borrowed.
Scales read_scales(const StoredTensor& scales);
// Scales stored as [K/G, N], turned.
Scales read_turned_scales(const StoredTensor& scales, int64_t groups, int64_t rows);

// The words of 8 nibbles along K, [N, K/8], as bytes [N, K/2].
std::vector<uint8_t> bytes_of_words(const std::vector<uint32_t>& words);

}  // namespace quantrial
