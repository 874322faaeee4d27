// Vectorised loops over one chunk of the delta rule, for delta_rule*.cpp.
#pragma once

#include <cstdint>
#include <type_traits>

namespace quantrial::gradients {

// Rows that lie `stride` apart.
template <typename T>
struct Matrix {
  T* data;
  int64_t rows, columns, stride;

  Matrix(T* data_, int64_t rows_, int64_t columns_, int64_t stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  Matrix(T* data_, int64_t rows_, int64_t columns_) : Matrix(data_, rows_, columns_, columns_) {}
  // Matrix<float> reads as Matrix<const float>.
  template <typename U>
  requires std::is_same_v<const U, T> Matrix(const Matrix<U>& other)
      : Matrix(other.data, other.rows, other.columns, other.stride) {}

  T* row(int64_t i) const { return data + i * stride; }
  Matrix from_row(int64_t i, int64_t count) const { return {row(i), count, columns, stride}; }
};

// From G[n], falling: exp(G_i), -exp(G_i), exp(G_last - G_i), and exp(G_i - G_j) for j <= i, else
// 0.
struct ChunkDecays {
  float *start, *minus_start, *end;  // [n]
  float* between;                    // [n, n]
};
void fill_decays(const float* G, int64_t n, const ChunkDecays& decays);

// z = x y and z += x y, n numbers.
void multiply_elements(const float* x, const float* y, float* z, int64_t n);
void multiply_add_elements(const float* x, const float* y, float* z, int64_t n);

// to_i = factor_i x_i.
void scale_rows(const Matrix<const float>& x, const float* factor, const Matrix<float>& to);
// to_i = base_i + factor_i x_i.
void add_scaled_rows(const Matrix<const float>& base, const Matrix<const float>& x,
                     const float* factor, const Matrix<float>& to);
// to_i = x_i . y_i.
void dot_rows(const Matrix<const float>& x, const Matrix<const float>& y, float* to);

// x_i <- x_i - sum_{j before i} m_ij scaled_j; scaled_i = beta_i x_i.
struct TriangularSystem {
  enum class Order : uint8_t {
    rows_down,  // j < i
    columns_up  // of the transposed matrix: m_ji, j > i
  } order;
  const float* m;           // [n, n]
  const float* beta;        // [n]
  Matrix<float> x, scaled;  // [n, D], of the same stride
};
void solve(const TriangularSystem& system);

}  // namespace quantrial::gradients
