#include "formats/transpose.h"

namespace quantrial::tiles {
namespace {

// A vector that every processor has: the compilers' own, since turning needs no wider one.
constexpr size_t quad = 4;
using Words __attribute__((vector_size(quad * sizeof(uint32_t)))) = uint32_t;

Words load(const uint32_t* source) {
  Words words;
  std::memcpy(&words, source, sizeof words);
  return words;
}

// Four rows of four words to four columns.
void turn_quad(const uint32_t* source, int64_t stride, Tile<uint32_t>& tile, size_t row,
               size_t column) {
  const Words a = load(source), b = load(source + stride), c = load(source + 2 * stride),
              d = load(source + 3 * stride);
  const Words low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
              low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
              high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7),
              high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const auto store = [&](size_t k, Words words) {
    std::memcpy(&tile[column + k][row], &words, sizeof words);
  };
  store(0, __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5));
  store(1, __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7));
  store(2, __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5));
  store(3, __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7));
}

}  // namespace

void load_turned(const uint32_t* source, int64_t stride, Tile<uint32_t>& tile) {
  for (size_t r = 0; r < tile.size(); r += quad) {
    for (size_t i = 0; i < quad; ++i) {
      __builtin_prefetch(source + static_cast<int64_t>(tile.size() + r + i) * stride);
    }
    for (size_t c = 0; c < tile.size(); c += quad) {
      turn_quad(source + static_cast<int64_t>(r) * stride + c, stride, tile, r, c);
    }
  }
}

}  // namespace quantrial::tiles
