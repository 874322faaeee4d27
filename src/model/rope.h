// Rotary tables (Su et al. 2021) with the interleaved sections of multimodal RoPE (model.md 2).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace quantrial {

struct ModelConfig;

// A token's place in time, height and width; text has the same number in all three.
using Position3 = std::array<int64_t, 3>;

struct RopeTables {
  std::vector<float> cos, sin;  // [T, rotary_dim / 2]
};

// Frequency i turns by position * theta^(-2i / rotary_dim). It reads the height row when
// i % 3 == 1 and i < 3 * mrope_section[1], the width row when i % 3 == 2 and
// i < 3 * mrope_section[2], the time row otherwise. In float, as transformers does.
RopeTables rope_tables(const ModelConfig& config, const std::vector<Position3>& positions);

}  // namespace quantrial
