// u = a + dt_bias: g = -exp(A_log) log(1 + exp(u)), beta = s(b), s(x) = 1 / (1 + exp(-x)).
// da = -exp(A_log) s(u) dg, db = beta (1 - beta) dbeta.
#include <cmath>
#include <vector>

#include "ops/gradients/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gradients/delta_gates.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/gradients/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quantrial::gradients::HWY_NAMESPACE {
namespace {

// log(1 + exp(u)) = max(u, 0) + log(1 + exp(-|u|)).
Vector Softplus(Vector u) {
  const Lanes d;
  return hn::Add(hn::Max(u, hn::Zero(d)), hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(u)))));
}

// rate = -exp(A_log); rate and dt_bias are repeated for every row.
void Decays(const float* a, const float* rate, const float* dt_bias, int64_t n, float* g) {
  Elementwise<3, 1>({a, rate, dt_bias}, {g}, n, [](const Vector* in, Vector* out) {
    out[0] = hn::Mul(in[1], Softplus(hn::Add(in[0], in[2])));
  });
}

void WriteStrengths(const float* b, int64_t n, float* beta) {
  Elementwise<1, 1>({b}, {beta}, n, [](const Vector* in, Vector* out) { out[0] = Sigmoid(in[0]); });
}

void DecaysBackward(const float* a, const float* rate, const float* dt_bias, int64_t n, float* dg) {
  Elementwise<4, 1>({a, rate, dt_bias, dg}, {dg}, n, [](const Vector* in, Vector* out) {
    out[0] = hn::Mul(hn::Mul(in[1], Sigmoid(hn::Add(in[0], in[2]))), in[3]);
  });
}

void WriteStrengthsBackward(const float* b, int64_t n, float* dbeta) {
  const auto one = hn::Set(Lanes(), 1.0f);
  Elementwise<2, 1>({b, dbeta}, {dbeta}, n, [&](const Vector* in, Vector* out) {
    const auto s = Sigmoid(in[0]);
    out[0] = hn::Mul(hn::Mul(s, hn::Sub(one, s)), in[1]);
  });
}

}  // namespace
}  // namespace quantrial::gradients::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial::gradients {

HWY_EXPORT(Decays);
HWY_EXPORT(WriteStrengths);
HWY_EXPORT(DecaysBackward);
HWY_EXPORT(WriteStrengthsBackward);

namespace {

// -exp(A_log) and dt_bias of as many rows as a block has.
struct Heads {
  std::vector<float> rate, dt_bias;
};

// Calls task(first, n, heads) for blocks of rows: rows of a few heads alone would leave vectors
// mostly empty.
template <typename Task>
void for_blocks(const DeltaGates& gates, Workers& workers, Task&& task) {
  constexpr int64_t rows = 256;
  const int64_t H = gates.a.shape(1), block = rows * H;
  Heads heads;
  for (int64_t i = 0; i < block; ++i) {
    heads.rate.push_back(-std::exp(gates.A_log.data()[i % H]));
    heads.dt_bias.push_back(gates.dt_bias.data()[i % H]);
  }
  workers.for_each((gates.a.shape(0) + rows - 1) / rows, [&](int64_t i) {
    task(i * block, std::min(block, gates.a.size() - i * block), heads);
  });
}

}  // namespace

void delta_gates(const DeltaGates& gates, View<float, 2> g, View<float, 2> beta, Workers& workers) {
  for_blocks(gates, workers, [&](int64_t first, int64_t n, const Heads& heads) {
    HWY_DYNAMIC_DISPATCH(Decays)
    (gates.a.data() + first, heads.rate.data(), heads.dt_bias.data(), n, g.data() + first);
    HWY_DYNAMIC_DISPATCH(WriteStrengths)(gates.b.data() + first, n, beta.data() + first);
  });
}

void delta_gates_backward(const DeltaGates& gates, View<float, 2> dg, View<float, 2> dbeta,
                          Workers& workers) {
  for_blocks(gates, workers, [&](int64_t first, int64_t n, const Heads& heads) {
    HWY_DYNAMIC_DISPATCH(DecaysBackward)
    (gates.a.data() + first, heads.rate.data(), heads.dt_bias.data(), n, dg.data() + first);
    HWY_DYNAMIC_DISPATCH(WriteStrengthsBackward)(gates.b.data() + first, n, dbeta.data() + first);
  });
}

}  // namespace quantrial::gradients
#endif  // HWY_ONCE
