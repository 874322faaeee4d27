// Gated DeltaNet: causal convolution, gates, and the delta rule in its two forms.
#include <algorithm>
#include <cmath>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/gates.h"
#include "ops/cpu/kernels.h"

namespace quantrial {
namespace {

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

struct HeadSize {
  int64_t D_k, D_v;
};

// One chunk of L = delta_chunk tokens as matrix products. With G_i the sum of g up to i, S0 the
// state before:   d_i = beta_i (v_i - exp(G_i) S0^T k_i - sum_{j<i} exp(G_i - G_j) (k_i.k_j) d_j)
//           y_i = exp(G_i) S0^T q_i + sum_{j<=i} exp(G_i - G_j) (q_i.k_j) d_j
//           S   = exp(G_L) S0 + sum_j exp(G_L - G_j) k_j d_j^T
// (the recurrence unrolled; Yang et al. 2024, arXiv 2412.06464, section 3.3). No exponent is
// positive.
class DeltaChunk {
 public:
  static int64_t scratch_floats(HeadSize size) { return L * (1 + size.D_k + 2 * L + size.D_v); }
  DeltaChunk(const HeadRows& rows, HeadSize size, float* scratch)
      : rows_(rows),
        D_k_(size.D_k),
        D_v_(size.D_v),
        G_(scratch),
        k_transposed_(G_ + L),
        key_products_(k_transposed_ + D_k_ * L),
        query_products_(key_products_ + L * L),
        d_(query_products_ + L * L) {}

  // From S0 to S in place; writes the rows' y.
  void run(float* S) const {
    multiply_rows();
    solve_d(S);
    write_y(S);
    advance(S);
  }

 private:
  static constexpr int64_t L = delta_chunk;

  void multiply_rows() const;
  void solve_d(const float* S0) const;
  void write_y(const float* S0) const;
  void advance(float* S) const;

  HeadRows rows_;
  int64_t D_k_, D_v_;
  float* G_;               // [L]
  float* k_transposed_;    // [D_k, L]
  float* key_products_;    // [L, L], k_i . k_j
  float* query_products_;  // [L, L], q_i . k_j
  float* d_;               // [L, D_v]
};

void DeltaChunk::multiply_rows() const {
  float sum = 0;
  for (int64_t i = 0; i < L; ++i) {
    G_[i] = sum += rows_.g[i * rows_.gate_stride];
    for (int64_t k = 0; k < D_k_; ++k) k_transposed_[k * L + i] = rows_.k[i * rows_.qk_stride + k];
  }
  std::fill_n(key_products_, L * L, 0.0f);
  std::fill_n(query_products_, L * L, 0.0f);
  kernels::multiply_add(
      {rows_.k, rows_.qk_stride, 1, k_transposed_, L, key_products_, L, L, L, D_k_});
  kernels::multiply_add(
      {rows_.q, rows_.qk_stride, 1, k_transposed_, L, query_products_, L, L, L, D_k_});
}

// d_i needs those before it: row by row.
void DeltaChunk::solve_d(const float* S0) const {
  std::fill_n(d_, L * D_v_, 0.0f);
  kernels::multiply_add({rows_.k, rows_.qk_stride, 1, S0, D_v_, d_, D_v_, L, D_v_, D_k_});
  for (int64_t i = 0; i < L; ++i) {
    const float beta = rows_.beta[i * rows_.gate_stride];
    float* d = d_ + i * D_v_;
    float* products = key_products_ + i * L;
    for (int64_t j = 0; j < i; ++j) products[j] *= -beta * std::exp(G_[i] - G_[j]);
    const float decay = std::exp(G_[i]);
    for (int64_t v = 0; v < D_v_; ++v)
      d[v] = beta * (rows_.v[i * rows_.v_stride + v] - decay * d[v]);
    kernels::multiply_add({products, L, 1, d_, D_v_, d, D_v_, 1, D_v_, i});
  }
}

void DeltaChunk::write_y(const float* S0) const {
  for (int64_t i = 0; i < L; ++i) {
    float* y = rows_.y + i * rows_.y_stride;
    float* products = query_products_ + i * L;
    for (int64_t j = 0; j <= i; ++j) products[j] *= std::exp(G_[i] - G_[j]);
    std::fill_n(y, D_v_, 0.0f);
    kernels::multiply_add({rows_.q + i * rows_.qk_stride, 0, 1, S0, D_v_, y, D_v_, 1, D_v_, D_k_});
    const float decay = std::exp(G_[i]);
    for (int64_t v = 0; v < D_v_; ++v) y[v] *= decay;
    kernels::multiply_add({products, L, 1, d_, D_v_, y, D_v_, 1, D_v_, i + 1});
  }
}

void DeltaChunk::advance(float* S) const {
  const float decay = std::exp(G_[L - 1]);
  for (int64_t i = 0; i < D_k_ * D_v_; ++i) S[i] *= decay;
  for (int64_t j = 0; j < L; ++j) {
    const float rest = std::exp(G_[L - 1] - G_[j]);
    for (int64_t k = 0; k < D_k_; ++k) k_transposed_[k * L + j] *= rest;
  }
  kernels::multiply_add({k_transposed_, L, 1, d_, D_v_, S, D_v_, D_k_, D_v_, L});
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
        out[c] = silu(sum);
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
  workers_.reserve(D_k * D_v + D_v + DeltaChunk::scratch_floats({.D_k = D_k, .D_v = D_v}));
  for_each(count * H_v, 4 * D_k * D_v, [&](int64_t task, int thread) {
    const Segment& s = segments[static_cast<size_t>(task / H_v)];
    const int64_t h = task % H_v, key_head = shared_head(h, H_v, H_k);
    float* memory = workers_.scratch(thread);
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
      const DeltaChunk chunk(rows_from(t), {.D_k = D_k, .D_v = D_v}, delta + D_v);
      chunk.run(S);
    }
    for (; t < s.first_row + s.num_rows; ++t) {
      const HeadRows r = rows_from(t);
      kernels::delta_step({.q = r.q, .k = r.k, .v = r.v, .decay = std::exp(*r.g), .beta = *r.beta},
                          {.S = S, .D_k = D_k, .D_v = D_v, .d = delta}, r.y);
    }
  });
}

}  // namespace quantrial
