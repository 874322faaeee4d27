// Rearranging stored INT4 tensors into the layout of Int4Group.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "formats/int4_group.h"
#include "tensor/safetensors.h"

namespace quantrial {

// Nibble i of the row that starts at byte `row`: even in the low half.
inline void set_nibble(std::vector<uint8_t>& bytes, int64_t row, int64_t i, uint8_t nibble) {
  uint8_t& byte = bytes[static_cast<size_t>(row + i / 2)];
  byte = static_cast<uint8_t>(byte | nibble << (i % 2 * 4));
}

// Columns that fill a cache line: what transpose() turns at a time.
template <typename T>
inline constexpr int64_t turned_columns = 64 / sizeof(T);

// Columns [first, first + count) of source[rows, columns] to the bytes of [count, rows], in tiles
// of a cache line squared. A tile passes through a small buffer: read in place, lines 4,096 bytes
// apart would evict each other.
template <typename T>
void transpose_columns(const T* source, std::array<int64_t, 2> shape, int64_t first, int64_t count,
                       std::byte* result) {
  constexpr int64_t tile = turned_columns<T>;
  const auto [rows, columns] = shape;
  std::array<std::array<T, tile>, tile> buffer;  // [column][row] of the tile
  for (int64_t c0 = 0; c0 < count; c0 += tile) {
    const int64_t width = std::min(tile, count - c0);
    for (int64_t r0 = 0; r0 < rows; r0 += tile) {
      const int64_t height = std::min(tile, rows - r0);
      for (int64_t r = 0; r < height; ++r) {
        const T* line = source + (r0 + r) * columns + first + c0;
        for (int64_t c = 0; c < width; ++c) {
          buffer[static_cast<size_t>(c)][static_cast<size_t>(r)] = line[c];
        }
      }
      for (int64_t c = 0; c < width; ++c) {
        std::memcpy(result + ((c0 + c) * rows + r0) * static_cast<int64_t>(sizeof(T)),
                    buffer[static_cast<size_t>(c)].data(), static_cast<size_t>(height) * sizeof(T));
      }
    }
  }
}

// source[rows, columns] to the bytes of [columns, rows].
template <typename T>
void transpose(const T* source, int64_t rows, int64_t columns, std::byte* result) {
  transpose_columns(source, {rows, columns}, 0, columns, result);
}

// Scales stored as [N, K/G], borrowed.
Scales read_scales(const StoredTensor& scales);
// Scales stored as [K/G, N], turned.
Scales read_turned_scales(const StoredTensor& scales, int64_t groups, int64_t rows);

}  // namespace quantrial
