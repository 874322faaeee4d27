#include "model/rope.h"

#include <cmath>

#include "model/config.h"

namespace quantrial {

RopeTables rope_tables(const ModelConfig& config, const std::vector<Position3>& positions) {
  const int64_t half = config.rotary_dim / 2;
  RopeTables tables;
  tables.cos.reserve(positions.size() * static_cast<size_t>(half));
  tables.sin.reserve(positions.size() * static_cast<size_t>(half));
  const auto theta = static_cast<float>(config.rope_theta);
  std::vector<float> inverse_frequency;
  for (int64_t i = 0; i < half; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.rotary_dim);
    inverse_frequency.push_back(1.0f / std::pow(theta, exponent));
  }
  for (const Position3& position : positions) {
    for (int64_t i = 0; i < half; ++i) {
      const auto row = static_cast<size_t>(i % 3);
      const bool own_row = row != 0 && i < 3 * config.mrope_section[row];
      const float angle = static_cast<float>(position[own_row ? row : 0]) *
                          inverse_frequency[static_cast<size_t>(i)];
      tables.cos.push_back(std::cos(angle));
      tables.sin.push_back(std::sin(angle));
    }
  }
  return tables;
}

}  // namespace quantrial
