// Large random weights, as quick to make as memory is to write: a block of random rows again and
// again.
#pragma once

#include <string>

#include "formats/formats.h"

namespace quantrial::bench {

// The formats of the tables, by the names that they print.
enum class Stored : uint8_t { bf16, fp8, fp8_w8a8, int4_g128, int4_g32, nvfp4, nvfp4_w4a4 };
std::string name(Stored stored);

// Rows after which the random numbers come again: whole blocks of FP8.
inline constexpr int64_t tile_rows = 256;

// w[N,K], N a multiple of tile_rows.
Weight tiled_weight(Stored stored, int64_t N, int64_t K);

}  // namespace quantrial::bench
