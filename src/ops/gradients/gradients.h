// Every operation of a decoder block over whole sequences, forwards and backwards, one a file
// beside this header. Letters as in ops/backend.h: T rows (tokens), H heads, D head size, C
// channels, W taps. Rows are whole sequences of L tokens, T = B * L, each from position 0 and zero
// state. dx is the gradient of the loss by x; weights that no algorithm tunes (norms, convolution,
// A_log, dt_bias) have no gradient. Results are overwritten unless stated; sums run in an order
// fixed by the shapes, so threads never change a bit.
#pragma once

#include <array>

#include "ops/backend.h"
#include "ops/matmul.h"

namespace quantrial::gradients {

// Forward and backward of a Linear are multiply_nt, _nn and _tn of ops/matmul.h.

// y += x.
void add(View<const float, 2> x, View<float, 2> y, Workers& workers);
// y += x[0], then x[1], x[2].
void add(const std::array<View<const float, 2>, 3>& x, View<float, 2> y, Workers& workers);
// y = (y - x) * factor.
void scaled_difference(View<const float, 2> x, float factor, View<float, 2> y, Workers& workers);

// y = x / sqrt(mean(x^2) + eps) * (1 + weight); y may be x.
struct Norm {
  View<const float, 2> x;       // [T, K]
  View<const float, 1> weight;  // [K]
  float eps;
};
void rms_norm(const Norm& norm, View<float, 2> y, Workers& workers);
// dx may be dy when overwritten.
void rms_norm_backward(const Norm& norm, View<const float, 2> dy, View<float, 2> dx, Into into,
                       Workers& workers);

// y = silu(gate) * up, all [T, K]; y may be either.
void silu_multiply(View<const float, 2> gate, View<const float, 2> up, View<float, 2> y,
                   Workers& workers);
// In place: gate and up become their gradients.
void silu_multiply_backward(View<const float, 2> dy, View<float, 2> gate, View<float, 2> up,
                            Workers& workers);

// y[T, H, D] = x[T, H, D] * sigmoid(gate), gate the second half of each head of query_gate
// [T, H, 2D].
void sigmoid_gate(View<const float, 3> x, View<const float, 3> query_gate, View<float, 3> y,
                  Workers& workers);
// In place: gate becomes its gradient, dy becomes dx.
void sigmoid_gate_backward(View<const float, 3> x, View<float, 3> query_gate, View<float, 3> dy,
                           Workers& workers);

// y[T, H, D] = rms_norm() of the first D of each head of x, rotated: the first 2R of D, pairing i
// with i + R, by cos and sin of row t % L.
struct HeadNorm {
  View<const float, 3> x;       // [T, H, D or more]
  View<const float, 1> weight;  // [D]
  float eps;
  View<const float, 2> cos, sin;  // [L, R]
};
void head_norm(const HeadNorm& norm, View<float, 3> y, Workers& workers);
// To the first D of each head of dx, which may be x; uses up dy[T, H, D].
void head_norm_backward(const HeadNorm& norm, View<float, 3> dy, View<float, 3> dx,
                        Workers& workers);

// y_i = sum_{j <= i} p_ij v_j, p = softmax(q_i . k_j / sqrt(D)) within a sequence. Query head h
// reads key head h / (H / H_kv).
struct Attention {
  View<const float, 3> q;     // [T, H, D]
  View<const float, 3> k, v;  // [T, H_kv, D]
  int64_t sequence_length;    // L
  Factors factors = Factors::float32;
  // Of kept_floats() in which forward leaves p for backward; null: it is computed again, from
  // log_sum[T, H] = log sum_j exp(score_j), which is known only then.
  float* kept = nullptr;
};
// Some B H L^2 / 4; 0 where p is never kept.
int64_t kept_floats(const Attention& attention);
void attention(const Attention& attention, View<float, 3> y, View<float, 2> log_sum,
               Workers& workers);
struct AttentionOutput {
  View<const float, 3> y;        // [T, H, D]
  View<const float, 2> log_sum;  // [T, H], unless p is kept
  View<const float, 3> dy;       // [T, H, D]
};
struct AttentionGradients {
  View<float, 3> dq;      // [T, H, D]
  View<float, 3> dk, dv;  // [T, H_kv, D]
};
void attention_backward(const Attention& attention, const AttentionOutput& output,
                        const AttentionGradients& gradients, Workers& workers);

// y[t] = silu(sum_j weight[:, j] x[t - (W-1) + j]), rows before the sequence are zero.
struct Convolution {
  View<const float, 2> x;       // [T, C]
  View<const float, 2> weight;  // [C, W]
  int64_t sequence_length;      // L
};
void causal_conv(const Convolution& convolution, View<float, 2> y, Workers& workers);
// Computes the sums before silu again. dx may not be dy.
void causal_conv_backward(const Convolution& convolution, View<const float, 2> dy,
                          View<float, 2> dx, Workers& workers);

// From the first 2 H_k D_k columns of conv[T, C]: q, k [T, H_k, D_k], each u / sqrt(sum u^2 +
// 1e-6), q times D_k^-1/2.
void delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k,
                     Workers& workers);
// Writes the same columns of dconv.
struct NormalizedGradients {
  View<const float, 3> dq, dk;  // [T, H_k, D_k]
};
void delta_normalize_backward(View<const float, 2> conv, const NormalizedGradients& gradients,
                              View<float, 2> dconv, Workers& workers);

// g[T, H_v] = -exp(A_log) softplus(a + dt_bias), beta = sigmoid(b).
struct DeltaGates {
  View<const float, 2> a, b;            // [T, H_v]
  View<const float, 1> A_log, dt_bias;  // [H_v]
};
void delta_gates(const DeltaGates& gates, View<float, 2> g, View<float, 2> beta, Workers& workers);
// In place: dg becomes da, dbeta becomes db.
void delta_gates_backward(const DeltaGates& gates, View<float, 2> dg, View<float, 2> dbeta,
                          Workers& workers);

// Per value head, from S = 0:  S <- exp(g) S;  d = beta (v - S^T k);  S <- S + k d^T;  y = S^T q,
// in chunks of delta_chunk rows; the last chunk of a sequence may be shorter.
// Keeps S before every chunk for backward: states[B * ceil(L / delta_chunk), H_v, D_k, D_v].
struct DeltaSequences {
  DeltaSequences(int64_t length_, Factors factors_ = Factors::float32)
      : length(length_), factors(factors_) {}
  int64_t length;   // L
  Factors factors;  // of all products
};
void delta_rule(const DeltaInputs& inputs, const DeltaSequences& sequences, View<float, 3> y,
                View<float, 4> states, Workers& workers);
struct DeltaOutput {
  View<const float, 4> states;
  View<const float, 3> y, dy;  // [T, H_v, D_v]
};
struct DeltaGradients {
  View<float, 3> dq, dk;     // [T, H_k, D_k], summed over the value heads of a key head
  View<float, 2> dconv;      // [T, C]: writes the last H_v D_v columns, the gradient of v
  View<float, 2> dg, dbeta;  // [T, H_v]
};
void delta_rule_backward(const DeltaInputs& inputs, const DeltaSequences& sequences,
                         const DeltaOutput& output, const DeltaGradients& gradients,
                         Workers& workers);

// y = x / sqrt(mean(x^2) + eps) * weight * gate(z), per head: T here counts rows of one head.
struct GatedNorm {
  View<const float, 2> x;       // [T, D]
  View<const float, 1> weight;  // [D]
  float eps;
  View<const float, 2> z;  // [T, D]
  GateKind gate;
};
void gated_rms_norm(const GatedNorm& norm, View<float, 2> y, Workers& workers);
// dx may be dy; dz may be z.
void gated_rms_norm_backward(const GatedNorm& norm, View<const float, 2> dy, View<float, 2> dx,
                             View<float, 2> dz, Workers& workers);

}  // namespace quantrial::gradients
