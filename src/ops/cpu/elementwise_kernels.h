// Rows of the elementwise operations by vectors, for every instruction set. A number's bits depend
// on its row alone.
#pragma once

#include <cstdint>

#include "ops/backend.h"

namespace quantrial::kernels {

// What a norm multiplies: x / sqrt(mean(x^2) + eps).
struct NormRow {
  const float *x, *weight;  // [n]
  int64_t n;
  float eps;
};
// y = x / rms (1 + weight).
void rms_norm_row(const NormRow& row, float* y);
// y = x / rms weight gate(z).
void gated_rms_norm_row(const NormRow& row, const float* z, GateKind gate, float* y);
// y = u / sqrt(sum u^2 + 1e-6) * scale.
void normalize_row(const float* u, int64_t n, float scale, float* y);

void add(const float* x, int64_t n, float* y);                                // y += x
void silu_multiply(const float* gate, const float* up, int64_t n, float* y);  // y = silu(gate) up
void sigmoid_multiply(const float* gate, int64_t n, float* y);                // y *= sigmoid(gate)

// A segment's rows in n of the C channels of a causal convolution (backend.h).
struct ConvolutionBlock {
  const float* weight;    // [n, W]
  const float *past, *x;  // rows before the segment and its own, C apart
  int64_t C, W, n, rows;
  // Row r of the history: the W - 1 rows of the past, then the segment's own.
  const float* row(int64_t r) const { return r < W - 1 ? past + r * C : x + (r - (W - 1)) * C; }
};
// Rows of y lie C apart; taps[W, n] is scratch.
void convolve(const ConvolutionBlock& block, float* taps, float* y);

// One token's gates of H heads (backend.h, delta_gates).
struct DeltaGates {
  const float *a, *b, *A_log, *dt_bias;
  float *g, *beta;
};
void delta_gates(const DeltaGates& row, int64_t H);

}  // namespace quantrial::kernels
