// Scores of a block of queries (attention.cpp), transposed so that a vector holds neighbouring
// queries: row j of s[keys, block_queries] is key j under every query of the block.
#pragma once

#include <cstdint>

namespace quantrial::gradients {

inline constexpr int64_t block_queries = 64;

struct ScoreBlock {
  float* p;  // [keys, block_queries]: q_i . k_j, become probabilities
  int64_t keys;
  float scale;     // 1 / sqrt(D)
  float* log_sum;  // [block_queries]
};

// The way back.
struct ScoreGradients {
  float* ds;           // [keys, block_queries]: dy_i . v_j, become gradients of q_i . k_j
  const float* along;  // [block_queries]: dy_i . y_i
};

}  // namespace quantrial::gradients
