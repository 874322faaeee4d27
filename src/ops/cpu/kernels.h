// The vectorised inner loops of the CPU backend: one source (kernels.cpp, Highway), compiled for
// every instruction set and chosen at run time. Sums run over vector lanes in an order that depends
// on the length alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "formats/formats.h"

namespace quantrial::kernels {

// The instruction set in use, e.g. "AVX2".
std::string_view instruction_set();

// sum of x[i] y[i].
float dot(const float* x, const float* y, int64_t n);

// Rows of a weight that linear_tile() takes at once and columns it decodes at once, 16 KiB of
// floats: long runs of few rows where the weight streams from memory, many rows where each decoded
// number serves many inputs. The order of each output's sum does not depend on it. A format that
// is decoded by its decode_row has all its columns in one tile.
struct TileShape {
  int64_t rows, columns;
};
constexpr TileShape tile_shape(int64_t T) {
  return T <= 4 ? TileShape{.rows = 4, .columns = 1024} : TileShape{.rows = 16, .columns = 256};
}
// Floats of scratch that linear_tile() needs for T rows.
int64_t linear_tile_scratch(int64_t T, const Weight& w);
// y[t, n] = x[t] . w[n] for n in [first, first + count), count <= tile_shape(T).rows. x is
// [T, stride] with zeros from K to the next multiple of 16; y is [T, N].
void linear_tile(const float* x, int64_t T, int64_t stride, const Weight& w, int64_t first,
                 int64_t count, float* scratch, float* y);

// C[M,N] += A[M,K] B[K,N]; A(m,k) = a[m a_row + k a_column], b and c row-major with strides.
struct Product {
  const float* a;
  int64_t a_row, a_column;
  const float* b;
  int64_t b_row;
  float* c;
  int64_t c_row;
  int64_t M, N, K;
};
void multiply_add(const Product& product);

// scores[h][j] = q[h] . k_j for H query heads that share one key head, j in [0, count); k_j at
// keys + j * stride. q is [H, D], scores [H, scores_stride].
template <typename T>
void attention_scores(const float* q, int64_t H, int64_t D, const T* keys, int64_t stride,
                      int64_t count, float* scores, int64_t scores_stride);
// y[h] += sum_j p[h][j] v_j.
template <typename T>
void attention_values(const float* p, int64_t H, int64_t D, const T* values, int64_t stride,
                      int64_t count, int64_t p_stride, float* y);

// One token of the delta rule (backend.h) on S[D_k, D_v], d scratch of D_v.
void delta_step(float* S, const float* q, const float* k, const float* v, float decay, float beta,
                int64_t D_k, int64_t D_v, float* d, float* y);

}  // namespace quantrial::kernels
