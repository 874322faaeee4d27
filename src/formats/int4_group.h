// INT4 with a scale, and possibly a zero point, per group of G consecutive columns:
// W[n,k] = (code - zero) * scale, code 0..15. What auto_gptq, pack-quantized and AWQ files become
// (formats.md A.1, A.3, A.6); scales may be negative (auto-round).
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "tensor/array.h"
#include "tensor/numbers.h"

namespace quantrial {

// Scales in the type the checkpoint stores them in.
using Scales = std::variant<Array<float16>, Array<bfloat16>, Array<float>>;

struct Int4Group {
  static constexpr std::string_view name = "int4";

  int64_t rows = 0, columns = 0;  // N, K
  int64_t group_size = 128;       // G, divides K
  Array<uint8_t> codes;           // [N, K/2], even column in the low nibble
  Scales scales;                  // [N, K/G]
  Array<uint8_t> zeros;  // [N, ceil(K/G/2)], even group in the low nibble; empty: symmetric
  int zero_offset = 0;   // zero = nibble + zero_offset (auto_gptq stores zero - 1)

  static constexpr int symmetric_zero = 8;

  int64_t groups() const { return columns / group_size; }
  int64_t bytes() const {
    return codes.bytes() + zeros.bytes() +
           std::visit([](const auto& s) { return s.bytes(); }, scales);
  }
  // Zero point of group g of row n.
  int zero(int64_t n, int64_t g) const {
    if (zeros.empty()) return symmetric_zero;
    const uint8_t pair = zeros[n * ((groups() + 1) / 2) + g / 2];
    return (g % 2 == 0 ? pair & 15 : pair >> 4) + zero_offset;
  }
  // Scales of row n as floats: row[K/G].
  void decode_scales(int64_t n, std::span<float> row) const {
    std::visit(
        [&](const auto& s) {
          for (int64_t g = 0; g < groups(); ++g) {
            row[static_cast<size_t>(g)] = to_float(s[n * groups() + g]);
          }
        },
        scales);
  }
  // Row n as floats, (code - zero) * scale: row[K].
  void decode_row(int64_t n, std::span<float> row) const {
    const uint8_t* source = codes.data() + n * columns / 2;
    std::visit(
        [&](const auto& s) {
          for (int64_t g = 0; g < groups(); ++g) {
            const float scale = to_float(s[n * groups() + g]);
            const int z = zero(n, g);
            for (int64_t k = g * group_size; k < (g + 1) * group_size; k += 2) {
              const uint8_t pair = source[k / 2];
              row[static_cast<size_t>(k)] = static_cast<float>((pair & 15) - z) * scale;
              row[static_cast<size_t>(k + 1)] = static_cast<float>((pair >> 4) - z) * scale;
            }
          }
        },
        scales);
  }
};

}  // namespace quantrial
