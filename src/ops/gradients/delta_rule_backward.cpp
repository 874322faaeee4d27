// Backwards through the chunks of delta_chunk.h; a task is one sequence under one key head. dS is
// the gradient of the state after the chunk.  a_ij = exp(G_i - G_j):
//   dd_j = sum_{i>=j} a_ij (q_i . k_j) dy_i + exp(G_n - G_j) dS^T k_j
//   u_j  = dd_j - sum_{i>j} a_ij (k_i . k_j) beta_i u_i,   dv_i = beta_i u_i,   dbeta_i = u_i . e_i
//   d(q_i . k_j) = a_ij dy_i . d_j,   d(k_i . k_j) = -a_ij dv_i . d_j  (j < i)
//   d(S0^T q_i) = exp(G_i) dy_i,      d(S0^T k_i) = -exp(G_i) dv_i
//   dS0  = exp(G_n) dS + sum_i q_i d(S0^T q_i)^T + k_i d(S0^T k_i)^T
//   dG_i = y_i . dy_i - v_i . dv_i, and <S, dS> to the last;   dg_t = sum_{i>=t} dG_i
// (dG: a factor on exp(G_i) is one on row i of y and one on what is taken off v_i; what it takes
// from the rows after i in a_ji is -d_i . u_i of dS and both sums, of which only v_i remains.)
#include <algorithm>

#include "ops/cpu/kernels.h"
#include "ops/gradients/delta_chunk.h"

namespace quantrial::gradients {
namespace {

class Backward {
 public:
  static int64_t scratch_floats(const DeltaSizes& s) {
    constexpr int64_t L = delta_chunk;
    return DeltaChunk::scratch_floats(s) + 2 * L * s.D_k + 4 * L * L + 4 * L * s.D_v + 2 * L +
           s.shared() * s.state();
  }

  Backward(const DeltaInputs& inputs, Factors factors, const DeltaOutput& output,
           const DeltaGradients& gradients, Scratch scratch)
      : output_(output),
        gradients_(gradients),
        chunk_(inputs, factors, scratch),
        d_qk_(scratch.take(2 * L * chunk_.sizes.D_k)),
        d_products_(scratch.take(2 * L * L)),
        one_head_(scratch.take(2 * L * L)),
        read_(scratch.take(L * chunk_.sizes.D_v)),
        u_(scratch.take(L * chunk_.sizes.D_v)),
        d_read_(scratch.take(2 * L * chunk_.sizes.D_v)),
        dG_(scratch.take(L)),
        dots_(scratch.take(L)),
        dS_(scratch.take(chunk_.sizes.shared() * chunk_.sizes.state())) {}

  void run_sequence(int64_t sequence, int64_t length, int64_t key_head);

 private:
  static constexpr int64_t L = delta_chunk;

  void run_head(const float* S0, const float* S, float* dS);
  void find_u(const float* dS);
  void write_row_gradients(const float* S, const float* dS);
  void add_products();
  void add_reads(const float* S0, float* dS);
  void finish_chunk(int64_t key_head);

  Matrix<float> u() const { return chunk_.with_values(u_, chunk_.n); }
  Matrix<float> read() const { return chunk_.with_values(read_, chunk_.n); }
  Matrix<float> d_read() const { return chunk_.with_values(d_read_, 2 * chunk_.n); }
  Matrix<float> d_qk() const { return chunk_.with_keys(d_qk_, 2 * chunk_.n); }

  const DeltaOutput& output_;
  const DeltaGradients& gradients_;
  DeltaChunk chunk_;
  float* d_qk_;        // [2n, D_k] of q, then k
  float* d_products_;  // [2n, n] of q_i . k_j, then k_i . k_j, over the value heads
  float* one_head_;    // [2n, n]
  float* read_;        // [n, D_v] k S0, then k dS
  float* u_;           // [n, D_v]
  float* d_read_;      // [2n, D_v] dy, then -dv; then times exp(G_i)
  float *dG_, *dots_;  // [n]
  float* dS_;          // of each value head
};

void Backward::run_sequence(int64_t sequence, int64_t length, int64_t key_head) {
  const DeltaSizes& sizes = chunk_.sizes;
  const int64_t chunks = (length + L - 1) / L;
  const auto states = output_.states.rows(sequence * chunks, chunks);
  for (int64_t c = chunks - 1; c >= 0; --c) {
    chunk_.load(key_head, sequence * length + c * L, std::min(L, length - c * L));
    std::fill_n(d_qk_, 2 * chunk_.n * sizes.D_k, 0.0f);
    std::fill_n(d_products_, 2 * chunk_.n * chunk_.n, 0.0f);
    for (int64_t i = 0; i < sizes.shared(); ++i) {
      const int64_t h = key_head * sizes.shared() + i;
      chunk_.load_head(h);
      run_head(states[c][h].data(), c + 1 < chunks ? states[c + 1][h].data() : nullptr,
               dS_ + i * sizes.state());
    }
    finish_chunk(key_head);
  }
}

// dS becomes that of S0. S is null in the last chunk, whose dS is zero and not yet written.
void Backward::run_head(const float* S0, const float* S, float* dS) {
  if (S == nullptr) std::fill_n(dS, chunk_.sizes.state(), 0.0f);
  chunk_.multiply_nn(chunk_.k(), chunk_.state(S0), read(), Into::overwrite);
  chunk_.correct(read());
  find_u(dS);
  write_row_gradients(S, dS);
  add_products();
  scale_rows(chunk_.d(), chunk_.decays.end, chunk_.d());
  chunk_.multiply_nt(chunk_.d(), chunk_.state(dS), d_qk().from_row(chunk_.n, chunk_.n), Into::add);
  add_reads(S0, dS);
}

// u, and dy and -dv in d_read.
void Backward::find_u(const float* dS) {
  const int64_t n = chunk_.n;
  const auto dy = chunk_.values(output_.dy);
  const Matrix<float> dv = d_read().from_row(n, n);
  chunk_.multiply_nn(chunk_.k(), chunk_.state(dS), read(), Into::overwrite);
  scale_rows(read(), chunk_.decays.end, u());
  chunk_.multiply_tn(chunk_.q_mixed(), dy, u(), Into::add);
  solve({.order = TriangularSystem::Order::columns_up,
         .m = chunk_.k_mixed().data,
         .beta = chunk_.beta,
         .x = u(),
         .scaled = dv});
  const auto dv_rows = chunk_.values(gradients_.dconv);
  for (int64_t i = 0; i < n; ++i) {
    std::copy_n(dy.row(i), dy.columns, d_read().row(i));
    std::copy_n(dv.row(i), dv.columns, dv_rows.row(i));
    for (int64_t k = 0; k < dv.columns; ++k) dv.row(i)[k] = -dv.row(i)[k];
  }
}

void Backward::write_row_gradients(const float* S, const float* dS) {
  const int64_t n = chunk_.n, H_v = chunk_.sizes.H_v;
  const int64_t first = chunk_.row * H_v + chunk_.value_head;
  dot_rows(u(), chunk_.e(), dots_);
  for (int64_t i = 0; i < n; ++i) gradients_.dbeta.data()[first + i * H_v] = dots_[i];
  dot_rows(chunk_.values(output_.y), chunk_.values(output_.dy), dG_);
  dot_rows(chunk_.values(chunk_.inputs.conv), d_read().from_row(n, n), dots_);
  float sum = S == nullptr ? 0 : kernels::dot(S, dS, chunk_.sizes.state());
  for (int64_t i = n - 1; i >= 0; --i) {
    sum += dG_[i] + dots_[i];
    gradients_.dg.data()[first + i * H_v] = sum;
  }
}

void Backward::add_products() {
  const int64_t square = chunk_.n * chunk_.n;
  chunk_.multiply_nt(d_read(), chunk_.d(), {one_head_, 2 * chunk_.n, chunk_.n}, Into::overwrite);
  multiply_add_elements(one_head_, chunk_.decays.between, d_products_, square);
  multiply_add_elements(one_head_ + square, chunk_.decays.between, d_products_ + square, square);
}

// From d(S0^T q) and d(S0^T k).
void Backward::add_reads(const float* S0, float* dS) {
  const int64_t n = chunk_.n;
  for (const int64_t half : {int64_t{0}, n}) {
    scale_rows(d_read().from_row(half, n), chunk_.decays.start, d_read().from_row(half, n));
  }
  chunk_.multiply_nt(d_read(), chunk_.state(S0), d_qk(), Into::add);
  const float decay = chunk_.decays.start[n - 1];
  for (int64_t i = 0; i < chunk_.sizes.state(); ++i) dS[i] *= decay;
  chunk_.multiply_tn(chunk_.qk(), d_read(), chunk_.state(dS), Into::add);
}

// dq_i += sum_j d(q_i . k_j) k_j, and so on.
void Backward::finish_chunk(int64_t key_head) {
  const int64_t n = chunk_.n, D = chunk_.sizes.D_k;
  const Matrix<float> d_products(d_products_, 2 * n, n);
  for (int64_t i = 0; i < n; ++i) d_products.row(n + i)[i] = 0;
  chunk_.multiply_nn(d_products, chunk_.k(), d_qk(), Into::add);
  chunk_.multiply_tn(d_products, chunk_.qk(), d_qk().from_row(n, n), Into::add);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = ((chunk_.row + i) * chunk_.sizes.H_k + key_head) * D;
    std::copy_n(d_qk().row(i), D, gradients_.dq.data() + at);
    std::copy_n(d_qk().row(n + i), D, gradients_.dk.data() + at);
  }
}

}  // namespace

void delta_rule_backward(const DeltaInputs& inputs, const DeltaSequences& of,
                         const DeltaOutput& output, const DeltaGradients& gradients,
                         Workers& workers) {
  const DeltaSizes sizes(inputs);
  const int64_t sequences = output.dy.shape(0) / of.length;
  workers.for_each(sequences * sizes.H_k, Backward::scratch_floats(sizes),
                   [&](int64_t task, float* memory) {
                     Backward(inputs, of.factors, output, gradients, Scratch(memory))
                         .run_sequence(task / sizes.H_k, of.length, task % sizes.H_k);
                   });
}

}  // namespace quantrial::gradients
