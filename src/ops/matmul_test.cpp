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
