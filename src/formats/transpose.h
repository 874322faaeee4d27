// Turning matrices of codes and scales, tile by tile.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/thread_pool.h"

namespace quantrial {

namespace tiles {

// Columns and rows of a tile: a cache line.
template <typename T>
inline constexpr int64_t side = 64 / sizeof(T);

// A tile passes through a small buffer: read in place, lines 4,096 bytes apart would evict each
// other.
template <typename T>
using Tile = std::array<std::array<T, side<T>>, side<T>>;  // [column][row]

// The tile at `source`, whose rows are `stride` apart.
void load_turned(const uint32_t* source, int64_t stride, Tile<uint32_t>& tile);

template <typename T>
void load_turned(const T* source, int64_t stride, Tile<T>& tile) {
  for (size_t r = 0; r < tile.size(); ++r) {
    for (size_t c = 0; c < tile.size(); ++c) tile[c][r] = source[c];
    source += stride;
  }
}

template <typename T>
void load_turned(const T* source, int64_t stride, int64_t height, int64_t width, Tile<T>& tile) {
  for (int64_t r = 0; r < height; ++r) {
    for (int64_t c = 0; c < width; ++c) {
      tile[static_cast<size_t>(c)][static_cast<size_t>(r)] = source[r * stride + c];
    }
  }
}

}  // namespace tiles

// Columns that are best turned together: a row's lines come from the same page.
template <typename T>
inline constexpr int64_t turned_columns = 4 * tiles::side<T>;

// Columns [first, first + count) of source[rows, columns] to the bytes of [count, rows], in tiles
// of a cache line squared.
template <typename T>
void transpose_columns(const T* source, std::array<int64_t, 2> shape, int64_t first, int64_t count,
                       std::byte* result) {
  constexpr int64_t side = tiles::side<T>;
  const auto [rows, columns] = shape;
  tiles::Tile<T> tile;
  for (int64_t r0 = 0; r0 < rows; r0 += side) {
    const int64_t height = std::min(side, rows - r0);
    for (int64_t c0 = 0; c0 < count; c0 += side) {
      const int64_t width = std::min(side, count - c0);
      const T* corner = source + r0 * columns + first + c0;
      if (height == side && width == side) {
        tiles::load_turned(corner, columns, tile);
      } else {
        tiles::load_turned(corner, columns, height, width, tile);
      }
      for (int64_t c = 0; c < width; ++c) {
        std::memcpy(result + ((c0 + c) * rows + r0) * static_cast<int64_t>(sizeof(T)),
                    tile[static_cast<size_t>(c)].data(), static_cast<size_t>(height) * sizeof(T));
      }
    }
  }
}

// source[rows, columns] to the bytes of [columns, rows].
template <typename T>
void transpose(const T* source, std::array<int64_t, 2> shape, std::byte* result, ThreadPool& pool) {
  constexpr int64_t strip = turned_columns<T>;
  const auto [rows, columns] = shape;
  pool.parallel_for((columns + strip - 1) / strip,
                    [&, rows = rows, columns = columns](int64_t i, int) {
                      const int64_t first = i * strip;
                      transpose_columns(source, shape, first, std::min(strip, columns - first),
                                        result + first * rows * static_cast<int64_t>(sizeof(T)));
                    });
}

}  // namespace quantrial
