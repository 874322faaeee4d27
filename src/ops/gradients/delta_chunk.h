// A chunk of n rows of the delta rule under one key head and one after another of the value heads
// that read it: what forward and backward share. With G_i the sum of g up to row i and S0 the state
// before:
//   e_i = v_i - exp(G_i) S0^T k_i - sum_{j<i} exp(G_i - G_j) (k_i . k_j) d_j,   d_i = beta_i e_i
//   y_i = exp(G_i) S0^T q_i + sum_{j<=i} exp(G_i - G_j) (q_i . k_j) d_j
//   S   = exp(G_n) S0 + sum_j exp(G_n - G_j) k_j d_j^T
// (the recurrence unrolled; Yang et al. 2024, arXiv 2412.06464, section 3.3). No exponent is
// positive.
#pragma once

#include "ops/gradients/delta_kernels.h"
#include "ops/gradients/gradients.h"
#include "ops/gradients/scratch.h"

namespace quantrial::gradients {

struct DeltaSizes {
  int64_t H_k, H_v, D_k, D_v, C;
  explicit DeltaSizes(const DeltaInputs& inputs)
      : H_k(inputs.q.shape(1)),
        H_v(inputs.g.shape(1)),
        D_k(inputs.q.shape(2)),
        D_v((inputs.conv.shape(1) - 2 * H_k * D_k) / H_v),
        C(inputs.conv.shape(1)) {}
  int64_t shared() const { return H_v / H_k; }  // value heads of a key head
  int64_t state() const { return D_k * D_v; }
};

class DeltaChunk {
 public:
  static int64_t scratch_floats(const DeltaSizes& sizes);
  DeltaChunk(const DeltaInputs& inputs, Factors factors, Scratch& scratch);

  // Takes rows [row, row + n) of a key head.
  void load(int64_t key_head, int64_t row, int64_t n);
  // Takes one of its value heads.
  void load_head(int64_t value_head);
  // Fills e and d from k_read[n, D_v] = k S0.
  void correct(const Matrix<const float>& k_read);
  // All of it for the value head taken: its rows of y[T, H_v, D_v], and S, which may be S0, unless
  // it is null. read[2 delta_chunk, D_v] is scratch: q S0, then k S0.
  void run(const View<float, 3>& y, float* read, const float* S0, float* S);

  // [n, D_v]: this chunk's rows of the value head in x[T, H_v, D_v], or of v in conv[T, C].
  template <typename T>
  Matrix<T> values(View<T, 3> x) const {
    return {x.data() + (row * sizes.H_v + value_head) * sizes.D_v, n, sizes.D_v,
            sizes.H_v * sizes.D_v};
  }
  template <typename T>
  Matrix<T> values(View<T, 2> conv) const {
    return {conv.data() + row * sizes.C + sizes.C - (sizes.H_v - value_head) * sizes.D_v, n,
            sizes.D_v, sizes.C};
  }
  // Contiguous memory as a matrix of as many rows, and the state of a head.
  Matrix<float> with_keys(float* x, int64_t rows) const { return {x, rows, sizes.D_k}; }
  Matrix<float> with_values(float* x, int64_t rows) const { return {x, rows, sizes.D_v}; }
  template <typename T>
  Matrix<T> state(T* S) const {
    return {S, sizes.D_k, sizes.D_v};
  }

  Matrix<float> qk() const { return with_keys(qk_, 2 * n); }  // q, then k
  Matrix<float> k() const { return qk().from_row(n, n); }
  Matrix<float> e() const { return with_values(e_, n); }
  Matrix<float> d() const { return with_values(d_, n); }
  // [n, n]: exp(G_i - G_j) times q_i . k_j and k_i . k_j.
  Matrix<float> q_mixed() const { return {q_mixed_, n, n}; }
  Matrix<float> k_mixed() const { return {k_mixed_, n, n}; }

  // c (+)= a b, a b^T, a^T b.
  using In = Matrix<const float>;
  void multiply_nn(const In& a, const In& b, const Matrix<float>& c, Into into) const;
  void multiply_nt(const In& a, const In& b, const Matrix<float>& c, Into into) const;
  void multiply_tn(const In& a, const In& b, const Matrix<float>& c, Into into) const;

  const DeltaInputs& inputs;
  const DeltaSizes sizes;
  int64_t row = 0, n = 0, value_head = 0;
  float *G, *beta;  // [n]
  ChunkDecays decays;

 private:
  Factors factors_;
  float* product_scratch_;
  float* qk_;        // [2n, D_k]
  float* products_;  // [2n, n]: q_i . k_j, then k_i . k_j
  float *q_mixed_, *k_mixed_;
  float *e_, *d_;
};

}  // namespace quantrial::gradients
