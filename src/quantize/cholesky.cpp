#include "quantize/cholesky.h"

#include <algorithm>
#include <cmath>

#include "ops/matmul.h"

namespace quantrial {

namespace {

constexpr int64_t block = 128;

// L of the square of `size` at (first, first), whose sums are complete.
bool factor_diagonal(View<float, 2> a, int64_t first, int64_t size) {
  for (int64_t j = first; j < first + size; ++j) {
    for (int64_t i = j; i < first + size; ++i) {
      double sum = a[i][j];
      for (int64_t k = first; k < j; ++k) sum -= double{a[i][k]} * a[j][k];
      if (i > j) {
        a[i][j] = static_cast<float>(sum / a[j][j]);
      } else if (sum > 0) {
        a[j][j] = static_cast<float>(std::sqrt(sum));
      } else {
        return false;
      }
    }
  }
  return true;
}

// Rows [row, row + count) of the block column at `first`: solves x L_diagonal^T = a.
void solve_rows(View<float, 2> a, int64_t row, int64_t count, int64_t first, int64_t size) {
  for (int64_t i = row; i < row + count; ++i) {
    float* const x = a[i].data();
    for (int64_t j = first; j < first + size; ++j) {
      const float* const l = a[j].data();
      float sum = x[j];
      for (int64_t k = first; k < j; ++k) sum -= x[k] * l[k];
      x[j] = sum / l[j];
    }
  }
}

// a[rows, block column] -= L[rows, before] L[block, before]^T.
void subtract_products(View<float, 2> a, int64_t row, int64_t count, int64_t first, int64_t size,
                       float* scratch) {
  const int64_t K = a.shape(1);
  float* const products = scratch;  // [count, size]
  multiply({.a = {a[row].data(), K},
            .b = transposed({a[first].data(), K}),
            .c = products,
            .c_stride = size,
            .M = count,
            .N = size,
            .K = first},
           scratch + block * block);
  for (int64_t i = 0; i < count; ++i) {
    float* const out = a[row + i].data() + first;
    for (int64_t j = 0; j < size; ++j) out[j] -= products[i * size + j];
  }
}

}  // namespace

bool cholesky(View<float, 2> a, Workers& workers) {
  const int64_t K = a.shape(0);
  const int64_t scratch_floats = block * block + product_scratch_floats();
  for (int64_t first = 0; first < K; first += block) {
    const int64_t size = std::min(block, K - first), below = K - first;
    const int64_t count = (below + block - 1) / block;
    if (first > 0) {
      workers.for_each(count, scratch_floats, [&](int64_t i, float* scratch) {
        const int64_t row = first + i * block;
        subtract_products(a, row, std::min(block, K - row), first, size, scratch);
      });
    }
    if (!factor_diagonal(a, first, size)) return false;
    workers.for_each(count - 1, [&](int64_t i) {
      const int64_t row = first + (i + 1) * block;
      solve_rows(a, row, std::min(block, K - row), first, size);
    });
  }
  return true;
}

}  // namespace quantrial
