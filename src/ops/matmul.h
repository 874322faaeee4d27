// Products of float matrices: y = x w^T of a Linear and its two gradients, and any product of
// sub-matrices by one thread for operations that are made of them.
//
// An element's sum runs over k in slices of `matmul_slice`: a chain of fused multiply-adds from
// zero through each slice, the slices added in turn. So its bits depend on the two rows that it is
// the product of, never on threads, on the other rows and columns, or on the size of a register.
// (Instruction sets without fused multiply-add round each product as well.)
//
// Factors::bfloat16 rounds both factors to bfloat16 first (to nearest, ties to even; the smallest
// numbers, below 2^-126, may become 0) and sums in float, in slices twice as long; the same holds
// for its bits. On machines without the instruction (AVX512_BF16) it is Factors::float32: results
// then differ between machines, never between thread counts.
#pragma once

#include "ops/workers.h"
#include "tensor/view.h"

namespace quantrial {

inline constexpr int64_t matmul_slice = 256;

enum class Into : uint8_t { overwrite, add };
enum class Factors : uint8_t { float32, bfloat16 };
// What Factors::bfloat16 means on this machine.
Factors bfloat16_factors();

struct ProductOptions {
  ProductOptions(Into into_, Factors factors_ = Factors::float32)
      : into(into_), factors(factors_) {}
  Into into;
  Factors factors;
};

// y[T,N] (+)= x[T,K] w[N,K]^T.
void multiply_nt(View<const float, 2> x, View<const float, 2> w, View<float, 2> y,
                 ProductOptions options, Workers& workers);
// dx[T,K] (+)= dy[T,N] w[N,K].
void multiply_nn(View<const float, 2> dy, View<const float, 2> w, View<float, 2> dx,
                 ProductOptions options, Workers& workers);
// dw[N,K] (+)= dy[T,N]^T x[T,K].
void multiply_tn(View<const float, 2> dy, View<const float, 2> x, View<float, 2> dw,
                 ProductOptions options, Workers& workers);

// A matrix whose rows or columns lie `stride` apart.
struct Strided {
  const float* data = nullptr;
  int64_t stride = 0;
  // row: element (i, j) at i * stride + j; column: at j * stride + i, a transposed matrix.
  enum class Major : uint8_t { row, column } major = Major::row;
};
inline Strided strided(View<const float, 2> m) { return {.data = m.data(), .stride = m.shape(1)}; }
inline Strided transposed(Strided m) {
  m.major = m.major == Strided::Major::row ? Strided::Major::column : Strided::Major::row;
  return m;
}

// C[M,N] (+)= A[M,K] B[K,N] by the calling thread; C is row-major.
struct Product {
  Strided a, b;
  float* c;
  int64_t c_stride;
  int64_t M, N, K;
  Into into = Into::overwrite;
  Factors factors = Factors::float32;
};
// `scratch` of product_scratch_floats(), aligned to cache lines.
int64_t product_scratch_floats();
void multiply(const Product& product, float* scratch);

// Elements (i, j) of a matrix with first <= j - i <= last.
struct Band {
  static constexpr int64_t far = int64_t{1} << 40;
  int64_t first = -far, last = far;
};

// The same from factors that are read several times: of Factors::bfloat16 they are rounded and laid
// out once. Bits are those of multiply().
struct LeftFactor {
  Strided place;  // [M,K]
  int64_t M = 0, K = 0;
  Band band{};  // all other numbers are zero, and may be left out of the sums
  const float* packed = nullptr;
  int64_t packed_M = 0;

  LeftFactor first_rows(int64_t rows) const {
    LeftFactor part = *this;
    part.M = rows;
    return part;
  }
};
struct RightFactor {
  Strided place;  // [K,N]
  int64_t K = 0, N = 0;
  const float* packed = nullptr;
  int64_t packed_K = 0;
};
// Memory, aligned to cache lines, that the prepared factor lives in.
int64_t left_floats(const Strided& a, int64_t M, int64_t K, Factors factors);
int64_t right_floats(int64_t K, int64_t N, Factors factors);
LeftFactor prepared_left(LeftFactor a, Factors factors, float* memory);
RightFactor prepared_right(RightFactor b, Factors factors, float* memory);

struct Output {
  float* data;
  int64_t stride;
  Into into = Into::overwrite;
  Band band{};  // all other numbers may be left as they were
};
// Both of the same factors. a.K may be smaller than b.K when it is even: the first rows of B.
void multiply(const LeftFactor& a, const RightFactor& b, const Output& c, float* scratch);

}  // namespace quantrial
