// Gated DeltaNet: causal convolution, gates, and the delta rule in its two forms.
#include <algorithm>
#include <cmath>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/kernels.h"

namespace quantrial {
namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
float softplus(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }

// y = u / sqrt(sum u^2 + 1e-6) * scale.
void normalize(const float* u, int64_t n, float scale, float* y) {
  const float factor = scale / std::sqrt(kernels::dot(u, u, n) + 1e-6f);
  for (int64_t i = 0; i < n; ++i) y[i] = u[i] * factor;
}

// Rows of one value head in the inputs: pointers to its first row and the distance between rows.
struct HeadRows {
  const float *q, *k, *v, *g, *beta;
  int64_t qk_stride, v_stride, gate_stride;
  float* y;
  int64_t y_stride;
};

// Scratch of one chunk, [delta_chunk, ...] each.
struct ChunkScratch {
  float *decay, *k_transposed, *key_products, *query_products, *delta;

  static int64_t floats(int64_t D_k, int64_t D_v) {
    return delta_chunk * (1 + D_k + 2 * delta_chunk + D_v);
  }
  ChunkScratch(float* memory, int64_t D_k)
      : decay(memory),
        k_transposed(decay + delta_chunk),
        key_products(k_transposed + D_k * delta_chunk),
        query_products(key_products + delta_chunk * delta_chunk),
        delta(query_products + delta_chunk * delta_chunk) {}
};

// One chunk of L = delta_chunk tokens as matrix products. With G_i the sum of g up to i, S0 the
// state before:   d_i = beta_i (v_i - exp(G_i) S0^T k_i - sum_{j<i} exp(G_i - G_j) (k_i.k_j) d_j)
//           y_i = exp(G_i) S0^T q_i + sum_{j<=i} exp(G_i - G_j) (q_i.k_j) d_j
//           S   = exp(G_L) S0 + sum_j exp(G_L - G_j) k_j d_j^T
// (the recurrence unrolled; Yang et al. 2024, arXiv 2412.06464, section 3.3). No exponent is
// positive.
void delta_rule_chunk(const HeadRows& rows, int64_t D_k, int64_t D_v, ChunkScratch scratch,
                      float* S) {
  constexpr int64_t L = delta_chunk;
  float* G = scratch.decay;
  float sum = 0;
  for (int64_t i = 0; i < L; ++i) {
    G[i] = sum += rows.g[i * rows.gate_stride];
    for (int64_t d = 0; d < D_k; ++d) {
      scratch.k_transposed[d * L + i] = rows.k[i * rows.qk_stride + d];
    }
  }
  std::fill_n(scratch.key_products, L * L, 0.0f);
  std::fill_n(scratch.query_products, L * L, 0.0f);
  std::fill_n(scratch.delta, L * D_v, 0.0f);
  kernels::multiply_add(
      {rows.k, rows.qk_stride, 1, scratch.k_transposed, L, scratch.key_products, L, L, L, D_k});
  kernels::multiply_add(
      {rows.q, rows.qk_stride, 1, scratch.k_transposed, L, scratch.query_products, L, L, L, D_k});
  kernels::multiply_add(
      {rows.k, rows.qk_stride, 1, S, D_v, scratch.delta, D_v, L, D_v, D_k});  // S0^T k_i
  for (int64_t i = 0; i < L; ++i) {
    const float beta = rows.beta[i * rows.gate_stride];
    float* d = scratch.delta + i * D_v;
    float* products = scratch.key_products + i * L;
    for (int64_t j = 0; j < i; ++j) products[j] *= -beta * std::exp(G[i] - G[j]);
    const float decay = std::exp(G[i]);
    for (int64_t v = 0; v < D_v; ++v) {
      d[v] = beta * (rows.v[i * rows.v_stride + v] - decay * d[v]);
    }
    kernels::multiply_add({products, L, 1, scratch.delta, D_v, d, D_v, 1, D_v, i});
  }
  for (int64_t i = 0; i < L; ++i) {
    float* y = rows.y + i * rows.y_stride;
    float* products = scratch.query_products + i * L;
    for (int64_t j = 0; j <= i; ++j) products[j] *= std::exp(G[i] - G[j]);
    std::fill_n(y, D_v, 0.0f);
    kernels::multiply_add({rows.q + i * rows.qk_stride, 0, 1, S, D_v, y, D_v, 1, D_v, D_k});
    const float decay = std::exp(G[i]);
    for (int64_t v = 0; v < D_v; ++v) y[v] *= decay;
    kernels::multiply_add({products, L, 1, scratch.delta, D_v, y, D_v, 1, D_v, i + 1});
  }
  const float decay = std::exp(G[L - 1]);
  for (int64_t i = 0; i < D_k * D_v; ++i) S[i] *= decay;
  for (int64_t j = 0; j < L; ++j) {
    const float rest = std::exp(G[L - 1] - G[j]);
    for (int64_t d = 0; d < D_k; ++d) scratch.k_transposed[d * L + j] *= rest;
  }
  kernels::multiply_add({scratch.k_transposed, L, 1, scratch.delta, D_v, S, D_v, D_k, D_v, L});
}

}  // namespace

void CpuBackend::causal_conv(View<const float, 2> x, std::span<const Segment> segments,
                             View<const float, 2> weight, View<float, 3> state, View<float, 2> y) {
  const int64_t C = weight.shape(0), W = weight.shape(1);
  constexpr int64_t block = 256;  // channels per task
  const int64_t blocks = (C + block - 1) / block;
  const auto count = static_cast<int64_t>(segments.size());
  for_each(count * blocks, block * W, [&](int64_t task, int) {
    const Segment& s = segments[static_cast<size_t>(task / blocks)];
    float* past = state[s.slot].data();  // [W-1, C]
    const auto row = [&](int64_t r) {    // the segment's history: state, then its own rows
      return r < W - 1 ? past + r * C : x.data() + (s.first_row + r - (W - 1)) * C;
    };
    const int64_t first = task % blocks * block, last = std::min(C, first + block);
    for (int64_t i = 0; i < s.num_rows; ++i) {
      float* out = y.data() + (s.first_row + i) * C;
      for (int64_t c = first; c < last; ++c) {
        float sum = 0;
        for (int64_t j = 0; j < W; ++j) sum += weight.data()[c * W + j] * row(i + j)[c];
        out[c] = sum * sigmoid(sum);
      }
    }
    if (!s.writes_state) return;
    for (int64_t r = 0; r < W - 1; ++r) {
      std::copy(row(r + s.num_rows) + first, row(r + s.num_rows) + last, past + r * C + first);
    }
  });
}

void CpuBackend::delta_normalize(View<const float, 2> conv, View<float, 3> q, View<float, 3> k) {
  const int64_t H = q.shape(1), D = q.shape(2), C = conv.shape(1);
  const float q_scale = 1 / std::sqrt(static_cast<float>(D));
  for_each(conv.shape(0), 4 * H * D, [&](int64_t t, int) {
    const float* row = conv.data() + t * C;
    for (int64_t h = 0; h < H; ++h) {
      normalize(row + h * D, D, q_scale, q.data() + (t * H + h) * D);
      normalize(row + (H + h) * D, D, 1, k.data() + (t * H + h) * D);
    }
  });
}

void CpuBackend::delta_gates(View<const float, 2> a, View<const float, 2> b,
                             View<const float, 1> A_log, View<const float, 1> dt_bias,
                             View<float, 2> g, View<float, 2> beta) {
  const int64_t H = a.shape(1);
  for (int64_t i = 0; i < a.size(); ++i) {
    const int64_t h = i % H;
    g.data()[i] = -std::exp(A_log.data()[h]) * softplus(a.data()[i] + dt_bias.data()[h]);
    beta.data()[i] = sigmoid(b.data()[i]);
  }
}

void CpuBackend::delta_rule(const DeltaInputs& in, std::span<const Segment> segments,
                            View<float, 4> state, View<float, 3> y) {
  const int64_t H_v = y.shape(1), D_v = y.shape(2), H_k = in.q.shape(1), D_k = in.q.shape(2);
  const int64_t C = in.conv.shape(1), v_column = C - H_v * D_v;
  const auto count = static_cast<int64_t>(segments.size());
  reserve_scratch(D_k * D_v + D_v + ChunkScratch::floats(D_k, D_v));
  for_each(count * H_v, 4 * D_k * D_v, [&](int64_t task, int thread) {
    const Segment& s = segments[static_cast<size_t>(task / H_v)];
    const int64_t h = task % H_v, key_head = shared_head(h, H_v, H_k);
    float* memory = scratch(thread);
    float* S = state[s.slot][h].data();
    if (!s.writes_state) S = std::copy_n(S, D_k * D_v, memory) - D_k * D_v;
    float* delta = memory + D_k * D_v;
    const auto rows_from = [&](int64_t t) {
      return HeadRows{.q = in.q.data() + (t * H_k + key_head) * D_k,
                      .k = in.k.data() + (t * H_k + key_head) * D_k,
                      .v = in.conv.data() + t * C + v_column + h * D_v,
                      .g = in.g.data() + t * H_v + h,
                      .beta = in.beta.data() + t * H_v + h,
                      .qk_stride = H_k * D_k,
                      .v_stride = C,
                      .gate_stride = H_v,
                      .y = y.data() + (t * H_v + h) * D_v,
                      .y_stride = H_v * D_v};
    };
    int64_t t = s.first_row;
    for (const int64_t end = t + s.chunked_rows; t < end; t += delta_chunk) {
      delta_rule_chunk(rows_from(t), D_k, D_v, ChunkScratch(delta + D_v, D_k), S);
    }
    for (; t < s.first_row + s.num_rows; ++t) {
      const HeadRows r = rows_from(t);
      kernels::delta_step(S, r.q, r.k, r.v, std::exp(*r.g), *r.beta, D_k, D_v, delta, r.y);
    }
  });
}

}  // namespace quantrial
