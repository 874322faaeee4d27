// One query row of a block of attention on its way back (attention.cpp).
#pragma once

#include <cstdint>

namespace quantrial::gradients {

struct ScoreRow {
  float* p;              // q_i . k_j, become probabilities
  float* ds;             // dy_i . v_j, become gradients of q_i . k_j
  int64_t count;         // keys that the row sees
  float scale, log_sum;  // p = exp(scale q . k - log_sum)
  float along;           // dy_i . y_i
};

}  // namespace quantrial::gradients
