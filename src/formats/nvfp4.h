// NVFP4: E2M1 codes, an E4M3 scale per 16 columns, one float per tensor (formats.md A.4, A.7):
// W[n,k] = e2m1(code) * (e4m3(scale) / G), or * (e4m3(scale) * G) as ModelOpt stores G.
#pragma once

#include <span>
#include <string_view>

#include "formats/activations.h"
#include "formats/e2m1.h"
#include "tensor/array.h"
#include "tensor/numbers.h"

namespace quantrial {

struct Nvfp4 {
  static constexpr std::string_view name = "nvfp4";
  static constexpr int64_t group_size = 16;

  int64_t rows = 0, columns = 0;  // N, K
  Array<uint8_t> codes;           // [N, K/2], even column in the low nibble
  Array<float8_e4m3> scales;      // [N, K/16]
  GlobalScale global;
  Activations activations;

  int64_t groups() const { return columns / group_size; }
  int64_t bytes() const { return codes.bytes() + scales.bytes() + 4; }
  // Row n as floats, code * (scale / G): row[K].
  void decode_row(int64_t n, std::span<float> row) const {
    const uint8_t* source = codes.data() + n * columns / 2;
    for (int64_t g = 0; g < groups(); ++g) {
      const float scale = global.applied_to(to_float(scales[n * groups() + g]));
      for (int64_t k = g * group_size; k < (g + 1) * group_size; k += 2) {
        const uint8_t pair = source[k / 2];
        row[static_cast<size_t>(k)] = decode_e2m1(pair & 15) * scale;
        row[static_cast<size_t>(k + 1)] = decode_e2m1(static_cast<uint8_t>(pair >> 4)) * scale;
      }
    }
  }
};

}  // namespace quantrial
