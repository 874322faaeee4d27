#include "ops/gradients/delta_chunk.h"

#include <algorithm>

namespace quantrial::gradients {

namespace {
constexpr int64_t L = delta_chunk;
}

int64_t DeltaChunk::scratch_floats(const DeltaSizes& sizes) {
  return product_scratch_floats() + 5 * L + 2 * L * sizes.D_k + 5 * L * L +
         2 * L * ((sizes.D_v + 15) / 16 * 16);
}

DeltaChunk::DeltaChunk(const DeltaInputs& in, Factors factors, Scratch& scratch)
    : inputs(in),
      sizes(in),
      G(scratch.take(L)),
      beta(scratch.take(L)),
      decays{.start = scratch.take(L),
             .minus_start = scratch.take(L),
             .end = scratch.take(L),
             .between = scratch.take(L * L)},
      factors_(factors),
      product_scratch_(scratch.take(product_scratch_floats())),
      qk_(scratch.take(2 * L * sizes.D_k)),
      products_(scratch.take(2 * L * L)),
      q_mixed_(scratch.take(L * L)),
      k_mixed_(scratch.take(L * L)),
      e_(scratch.take(L * sizes.D_v)),
      d_(scratch.take(L * sizes.D_v)) {}

void DeltaChunk::load(int64_t key_head, int64_t first_row, int64_t rows) {
  row = first_row;
  n = rows;
  const int64_t D = sizes.D_k;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = ((row + i) * sizes.H_k + key_head) * D;
    std::copy_n(inputs.q.data() + at, D, qk_ + i * D);
    std::copy_n(inputs.k.data() + at, D, qk_ + (n + i) * D);
  }
  multiply_nt(qk(), k(), {products_, 2 * n, n}, Into::overwrite);
}

void DeltaChunk::load_head(int64_t head) {
  value_head = head;
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = (row + i) * sizes.H_v + head;
    G[i] = sum += inputs.g.data()[at];
    beta[i] = inputs.beta.data()[at];
  }
  fill_decays(G, n, decays);
  multiply_elements(products_, decays.between, q_mixed_, n * n);
  multiply_elements(products_ + n * n, decays.between, k_mixed_, n * n);
}

void DeltaChunk::correct(const Matrix<const float>& k_read) {
  add_scaled_rows(values(inputs.conv), k_read, decays.minus_start, e());
  solve({.order = TriangularSystem::Order::rows_down,
         .m = k_mixed_,
         .beta = beta,
         .x = e(),
         .scaled = d()});
}

void DeltaChunk::run(const View<float, 3>& y, float* read_memory, const float* S0, float* S) {
  const Matrix<float> read = with_values(read_memory, 2 * n), to = values(y);
  multiply_nn(qk(), state(S0), read, Into::overwrite);
  correct(read.from_row(n, n));
  scale_rows(read, decays.start, to);
  multiply_nn(q_mixed(), d(), to, Into::add);
  if (S == nullptr) return;
  const float decay = decays.start[n - 1];
  for (int64_t i = 0; i < sizes.state(); ++i) S[i] = decay * S0[i];
  scale_rows(d(), decays.end, d());
  multiply_tn(k(), d(), state(S), Into::add);
}

namespace {

Product product_of(Strided a, Strided b, const Matrix<float>& c, Into into) {
  return {.a = a,
          .b = b,
          .c = c.data,
          .c_stride = c.stride,
          .M = c.rows,
          .N = c.columns,
          .K = 0,
          .into = into};
}

Strided strided(const Matrix<const float>& m) { return {.data = m.data, .stride = m.stride}; }

}  // namespace

void DeltaChunk::multiply_nn(const In& a, const In& b, const Matrix<float>& c, Into into) const {
  Product product = product_of(strided(a), strided(b), c, into);
  product.K = a.columns;
  product.factors = factors_;
  multiply(product, product_scratch_);
}

void DeltaChunk::multiply_nt(const In& a, const In& b, const Matrix<float>& c, Into into) const {
  Product product = product_of(strided(a), transposed(strided(b)), c, into);
  product.K = a.columns;
  product.factors = factors_;
  multiply(product, product_scratch_);
}

void DeltaChunk::multiply_tn(const In& a, const In& b, const Matrix<float>& c, Into into) const {
  Product product = product_of(transposed(strided(a)), strided(b), c, into);
  product.K = a.rows;
  product.factors = factors_;
  multiply(product, product_scratch_);
}

}  // namespace quantrial::gradients
