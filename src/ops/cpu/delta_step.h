// The delta rule token by token for one value head, by vectors.
//
// A token is read(S): S^T k and S^T q in one pass, d = beta (v - exp(g) S^T k),
// y = exp(g) S^T q + (q . k) d; then write: S <- exp(g) S + k d^T in a second pass, which reads for
// the next token too. Columns are independent of each other and go strip by strip, so that a strip
// stays in the nearest cache: memory is read once and written once for any number of tokens.
#pragma once

#include <cstdint>

namespace quantrial::kernels {

// Rows of one value head: pointers to its first row and the distance between rows.
struct HeadRows {
  const float *q, *k, *v, *g, *beta;
  int64_t qk_stride, v_stride, gate_stride;
  float* y;
  int64_t y_stride;
};

struct DeltaState {
  float* S;   // [D_k, D_v]
  float* to;  // where S goes: S itself, or scratch memory when S is to stay
  int64_t D_k, D_v;
};

void delta_steps(const HeadRows& rows, int64_t T, const DeltaState& state);

}  // namespace quantrial::kernels
