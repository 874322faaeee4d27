// Matrix products against the textbook loop in double, on every instruction set of this machine.
#include "ops/matmul.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/numbers.h"
#include "tests/instruction_sets.h"
#include "tests/random_weights.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

struct Matrix {
  int64_t rows, columns;
  std::vector<float> values;

  Matrix(Random& random, int64_t m, int64_t n)
      : rows(m), columns(n), values(random.floats(m * n)) {}
  View<float, 2> view() { return {values.data(), {rows, columns}}; }
  float at(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * columns + j)]; }
};

// Largest difference of c from sum_k a(i, k) b(k, j) + before, relative to the largest sum of
// magnitudes.
template <typename A, typename B>
double difference(const Matrix& c, const Matrix& before, int64_t K, A a, B b) {
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.columns; ++j) {
      double sum = before.at(i, j);
      for (int64_t k = 0; k < K; ++k) sum += double{a(i, k)} * b(k, j);
      worst = std::max(worst, std::abs(c.at(i, j) - sum));
      largest = std::max(largest, std::abs(sum));
    }
  }
  return worst / largest;
}

// Elements of a matrix, and of its transpose.
auto at(const Matrix& m) {
  return [&m](int64_t i, int64_t j) { return m.at(i, j); };
}
auto turned(const Matrix& m) {
  return [&m](int64_t i, int64_t j) { return m.at(j, i); };
}

struct Shape {
  int64_t T, N, K;
};
constexpr Shape shapes[] = {{1, 1, 1},    {3, 5, 7},      {8, 48, 256},   {9, 49, 257},
                            {70, 33, 31}, {13, 600, 260}, {130, 17, 513}, {600, 70, 90}};

class Matmul : public EachInstructionSet {
 protected:
  ThreadPool pool_{2};
  Workers workers_{pool_};
  AlignedFloats left_, right_;  // memory of prepared factors
};

TEST_P(Matmul, AgreesWithTextbookLoop) {
  Random random(3);
  for (const Shape s : shapes) {
    SCOPED_TRACE(fmt::format("T {} N {} K {}", s.T, s.N, s.K));
    Matrix x(random, s.T, s.K), w(random, s.N, s.K), dy(random, s.T, s.N);
    for (const Into into : {Into::overwrite, Into::add}) {
      Matrix y(random, s.T, s.N), dx(random, s.T, s.K), dw(random, s.N, s.K);
      Matrix before_y = y, before_dx = dx, before_dw = dw;
      if (into == Into::overwrite) {
        for (Matrix* m : {&before_y, &before_dx, &before_dw}) {
          std::fill(m->values.begin(), m->values.end(), 0.0f);
        }
      }
      multiply_nt(x.view(), w.view(), y.view(), into, workers_);
      multiply_nn(dy.view(), w.view(), dx.view(), into, workers_);
      multiply_tn(dy.view(), x.view(), dw.view(), into, workers_);
      EXPECT_LE(difference(y, before_y, s.K, at(x), turned(w)), tolerance::operation);
      EXPECT_LE(difference(dx, before_dx, s.N, at(dy), at(w)), tolerance::operation);
      EXPECT_LE(difference(dw, before_dw, s.T, turned(dy), at(x)), tolerance::operation);
    }
  }
}

// To the nearest bfloat16, ties to even, where this machine's products do so.
Matrix rounded(Matrix m) {
  if (bfloat16_factors() == Factors::float32) return m;
  for (float& value : m.values) value = to_float(to_bfloat16(value));
  return m;
}

TEST_P(Matmul, AgreesWithTextbookLoopOverRoundedFactors) {
  Random random(5);
  for (const Shape s : shapes) {
    SCOPED_TRACE(fmt::format("T {} N {} K {}", s.T, s.N, s.K));
    Matrix x(random, s.T, s.K), w(random, s.N, s.K), dy(random, s.T, s.N);
    const Matrix xr = rounded(x), wr = rounded(w), dyr = rounded(dy);
    for (const Into into : {Into::overwrite, Into::add}) {
      const ProductOptions options{into, Factors::bfloat16};
      Matrix y(random, s.T, s.N), dx(random, s.T, s.K), dw(random, s.N, s.K);
      Matrix before_y = y, before_dx = dx, before_dw = dw;
      if (into == Into::overwrite) {
        for (Matrix* m : {&before_y, &before_dx, &before_dw}) {
          std::fill(m->values.begin(), m->values.end(), 0.0f);
        }
      }
      multiply_nt(x.view(), w.view(), y.view(), options, workers_);
      multiply_nn(dy.view(), w.view(), dx.view(), options, workers_);
      multiply_tn(dy.view(), x.view(), dw.view(), options, workers_);
      EXPECT_LE(difference(y, before_y, s.K, at(xr), turned(wr)), tolerance::bfloat16_factors);
      EXPECT_LE(difference(dx, before_dx, s.N, at(dyr), at(wr)), tolerance::bfloat16_factors);
      EXPECT_LE(difference(dw, before_dw, s.T, turned(dyr), at(xr)), tolerance::bfloat16_factors);
    }
  }
}

TEST_P(Matmul, RowsAndThreadsChangeNoBitOfRoundedFactors) {
  Random random(6);
  const ProductOptions options{Into::overwrite, Factors::bfloat16};
  Matrix x(random, 777, 1100), w(random, 630, 1100), y(random, 777, 630), one(random, 1, 630);
  multiply_nt(x.view(), w.view(), y.view(), options, workers_);
  for (const int64_t t : {0, 5, 776}) {
    multiply_nt(x.view().rows(t, 1), w.view(), one.view(), options, workers_);
    EXPECT_TRUE(std::equal(one.values.begin(), one.values.end(), y.view()[t].data())) << t;
  }
  for (const int threads : {1, 3, 8}) {
    ThreadPool pool(threads);
    Workers workers(pool);
    Matrix again(random, 777, 630);
    multiply_nt(x.view(), w.view(), again.view(), options, workers);
    EXPECT_EQ(again.values, y.values) << threads << " threads";
  }
}

TEST_P(Matmul, PreparedFactorsGiveTheBitsOfOtherProducts) {
  Random random(7);
  AlignedFloats scratch = aligned_floats(product_scratch_floats());
  for (const Shape s : {Shape{70, 33, 31}, {13, 600, 260}, {130, 577, 1030}, {4, 640, 514}}) {
    for (const Factors factors : {Factors::float32, Factors::bfloat16}) {
      SCOPED_TRACE(fmt::format("T {} N {} K {}", s.T, s.N, s.K));
      Matrix x(random, s.T, s.K), w(random, s.N, s.K), dy(random, s.T, s.N);
      const auto prepare_left = [&](Strided a, int64_t M, int64_t K) {
        left_ = aligned_floats(left_floats(a, M, K, factors));
        return prepared_left({a, M, K}, factors, left_.get());
      };
      const auto prepare_right = [&](Strided b, int64_t K, int64_t N) {
        right_ = aligned_floats(right_floats(K, N, factors));
        return prepared_right({b, K, N}, factors, right_.get());
      };
      Matrix y(random, s.T, s.N), dx(random, s.T, s.K), dw(random, s.N, s.K);
      Matrix same_y = y, same_dx = dx, same_dw = dw;
      multiply_nt(x.view(), w.view(), y.view(), {Into::add, factors}, workers_);
      multiply_nn(dy.view(), w.view(), dx.view(), {Into::overwrite, factors}, workers_);
      multiply_tn(dy.view(), x.view(), dw.view(), {Into::add, factors}, workers_);
      multiply(prepare_left(strided(x.view()), s.T, s.K),
               prepare_right(transposed(strided(w.view())), s.K, s.N),
               {same_y.values.data(), s.N, Into::add}, scratch.get());
      multiply(prepare_left(strided(dy.view()), s.T, s.N),
               prepare_right(strided(w.view()), s.N, s.K),
               {same_dx.values.data(), s.K, Into::overwrite}, scratch.get());
      multiply(prepare_left(transposed(strided(dy.view())), s.N, s.T),
               prepare_right(strided(x.view()), s.T, s.K), {same_dw.values.data(), s.K, Into::add},
               scratch.get());
      EXPECT_EQ(same_y.values, y.values);
      EXPECT_EQ(same_dx.values, dx.values);
      EXPECT_EQ(same_dw.values, dw.values);
    }
  }
}

TEST_P(Matmul, FirstRowsOfPreparedFactors) {
  Random random(8);
  AlignedFloats scratch = aligned_floats(product_scratch_floats());
  constexpr int64_t M = 40, K = 600, N = 50, rows = 19, depth = 530;
  Matrix a(random, M, K), b(random, K, N), c(random, rows, N), expected = c;
  for (const Factors factors : {Factors::float32, Factors::bfloat16}) {
    left_ = aligned_floats(left_floats(strided(a.view()), M, depth, factors));
    right_ = aligned_floats(right_floats(K, N, factors));
    const LeftFactor left = prepared_left({strided(a.view()), M, depth}, factors, left_.get());
    const RightFactor right = prepared_right({strided(b.view()), K, N}, factors, right_.get());
    multiply(left.first_rows(rows), right, {c.values.data(), N}, scratch.get());
    multiply({.a = strided(a.view()),
              .b = strided(b.view()),
              .c = expected.values.data(),
              .c_stride = N,
              .M = rows,
              .N = N,
              .K = depth,
              .factors = factors},
             scratch.get());
    EXPECT_EQ(c.values, expected.values);
  }
}

// A factor whose zeros are named gives the same sums, and all that is wanted of C.
TEST_P(Matmul, BandsOfPreparedFactors) {
  Random random(9);
  AlignedFloats scratch = aligned_floats(product_scratch_floats());
  constexpr int64_t M = 77, K = 531, N = 90;
  const Band factors_band{.first = -30, .last = 470}, wanted{.first = -20};
  Matrix a(random, M, K), b(random, K, N), c(random, M, N), expected = c;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t k = 0; k < K; ++k) {
      const bool inside = k - m >= factors_band.first && k - m <= factors_band.last;
      if (!inside) a.view()[m][k] = 0;
    }
  }
  for (const Factors factors : {Factors::float32, Factors::bfloat16}) {
    left_ = aligned_floats(left_floats(strided(a.view()), M, K, factors));
    right_ = aligned_floats(right_floats(K, N, factors));
    LeftFactor left = prepared_left({strided(a.view()), M, K}, factors, left_.get());
    const RightFactor right = prepared_right({strided(b.view()), K, N}, factors, right_.get());
    multiply(left, right, {expected.values.data(), N}, scratch.get());
    left.band = factors_band;
    multiply(left, right, {.data = c.values.data(), .stride = N, .band = wanted}, scratch.get());
    for (int64_t m = 0; m < M; ++m) {
      for (int64_t n = std::max<int64_t>(0, m + wanted.first); n < N; ++n) {
        ASSERT_EQ(c.view()[m][n], expected.view()[m][n]) << m << " " << n;
      }
    }
  }
}

TEST_P(Matmul, RowsAndThreadsChangeNoBit) {
  Random random(4);
  Matrix x(random, 777, 300), w(random, 630, 300), y(random, 777, 630), one(random, 1, 630);
  multiply_nt(x.view(), w.view(), y.view(), Into::overwrite, workers_);
  for (const int64_t t : {0, 5, 776}) {
    multiply_nt(x.view().rows(t, 1), w.view(), one.view(), Into::overwrite, workers_);
    EXPECT_TRUE(std::equal(one.values.begin(), one.values.end(), y.view()[t].data())) << t;
  }
  for (const int threads : {1, 3, 8}) {
    ThreadPool pool(threads);
    Workers workers(pool);
    Matrix again(random, 777, 630);
    multiply_nt(x.view(), w.view(), again.view(), Into::overwrite, workers);
    EXPECT_EQ(again.values, y.values) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, Matmul, testing::ValuesIn(instruction_sets()), instruction_set_name);

}  // namespace
}  // namespace quantrial
