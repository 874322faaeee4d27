// The operations of a linear-attention mixer backwards: against finite differences of the textbook
// loops in double, on shapes that fill neither vectors nor chunks.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/gradients/gradients.h"
#include "tests/instruction_sets.h"
#include "tests/textbook.h"

namespace quantrial::gradients {
namespace {

class LinearAttentionGradients : public EachInstructionSet {
 protected:
  ThreadPool pool_{2};
  Workers workers_{pool_};
};

TEST_P(LinearAttentionGradients, CausalConv) {
  Random random(1);
  for (const auto [L, C, W] : {std::array<int64_t, 3>{5, 3, 4}, {2, 21, 4}, {67, 19, 3}}) {
    const int64_t T = 2 * L;
    const auto textbook = [&, L = L, C = C, W = W](const std::vector<Numbers>& in) {
      Numbers y(static_cast<size_t>(T * C));
      for (int64_t i = 0; i < T * C; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < W; ++j) {
          const int64_t back = W - 1 - j;
          if (i / C % L < back) continue;
          sum +=
              in[1][static_cast<size_t>(i % C * W + j)] * in[0][static_cast<size_t>(i - back * C)];
        }
        y[static_cast<size_t>(i)] = sum * sigmoid(sum);
      }
      return y;
    };
    Textbook expected(textbook, {random.floats(T * C), random.floats(C * W)}, random);
    std::vector<float> y(expected.dy.size()), dx(y.size());
    const Convolution convolution{.x = View<float, 2>(expected.inputs[0].data(), {T, C}),
                                  .weight = View<float, 2>(expected.inputs[1].data(), {C, W}),
                                  .sequence_length = L};
    causal_conv(convolution, {y.data(), {T, C}}, workers_);
    causal_conv_backward(convolution, View<float, 2>(expected.dy.data(), {T, C}),
                         {dx.data(), {T, C}}, workers_);
    expected.expect_output(y);
    expected.expect_gradient(0, dx);
  }
}

TEST_P(LinearAttentionGradients, DeltaNormalize) {
  constexpr int64_t T = 3, H = 2, D = 19, C = 2 * H * D + 7;
  Random random(2);
  const auto textbook = [&](const std::vector<Numbers>& in) {
    Numbers y;  // q of all rows, then k
    for (int64_t i = 0; i < 2 * T * H; ++i) {
      const bool is_k = i >= T * H;
      const int64_t t = i / H % T, h = i % H;
      const double* u = in[0].data() + t * C + (is_k ? H + h : h) * D;
      double sum = 1e-6;
      for (int64_t j = 0; j < D; ++j) sum += u[j] * u[j];
      for (int64_t j = 0; j < D; ++j) {
        y.push_back(u[j] / std::sqrt(sum) / (is_k ? 1 : std::sqrt(double{D})));
      }
    }
    return y;
  };
  Textbook expected(textbook, {random.floats(T * C)}, random);
  std::vector<float> y(2 * T * H * D), dconv(T * C);
  const View<const float, 2> conv(expected.inputs[0].data(), {T, C});
  delta_normalize(conv, {y.data(), {T, H, D}}, {y.data() + T * H * D, {T, H, D}}, workers_);
  expected.expect_output(y);
  const float* dy = expected.dy.data();
  delta_normalize_backward(conv,
                           {.dq = View<const float, 3>(dy, {T, H, D}),
                            .dk = View<const float, 3>(dy + T * H * D, {T, H, D})},
                           {dconv.data(), {T, C}}, workers_);
  expected.expect_gradient(0, dconv);
}

TEST_P(LinearAttentionGradients, DeltaGates) {
  constexpr int64_t T = 301, H = 3;
  Random random(3);
  const auto textbook = [&](const std::vector<Numbers>& in) {
    Numbers y;  // g of all rows, then beta
    for (size_t i = 0; i < T * H; ++i) {
      y.push_back(-std::exp(in[2][i % H]) * std::log1p(std::exp(in[0][i] + in[3][i % H])));
    }
    for (const double b : in[1]) y.push_back(sigmoid(b));
    return y;
  };
  Textbook expected(
      textbook, {random.floats(T * H), random.floats(T * H), {-1, 0, 2}, {0.5f, -3, 1}}, random);
  std::vector<float> y(2 * T * H), dy = expected.dy;
  const DeltaGates gates{.a = View<float, 2>(expected.inputs[0].data(), {T, H}),
                         .b = View<float, 2>(expected.inputs[1].data(), {T, H}),
                         .A_log = View<float, 1>(expected.inputs[2].data(), {H}),
                         .dt_bias = View<float, 1>(expected.inputs[3].data(), {H})};
  delta_gates(gates, {y.data(), {T, H}}, {y.data() + T * H, {T, H}}, workers_);
  delta_gates_backward(gates, {dy.data(), {T, H}}, {dy.data() + T * H, {T, H}}, workers_);
  expected.expect_output(y);
  expected.expect_gradient(0, {dy.begin(), dy.begin() + T * H});
  expected.expect_gradient(1, {dy.begin() + T * H, dy.end()});
}

TEST_P(LinearAttentionGradients, GatedRmsNorm) {
  constexpr int64_t T = 3, D = 21;
  Random random(4);
  for (const GateKind gate : {GateKind::silu, GateKind::sigmoid}) {
    const auto textbook = [&](const std::vector<Numbers>& in) {
      Numbers y;
      for (size_t t = 0; t < T; ++t) {
        double sum = 0;
        for (size_t i = 0; i < D; ++i) sum += in[0][t * D + i] * in[0][t * D + i];
        for (size_t i = 0; i < D; ++i) {
          const double z = in[1][t * D + i];
          y.push_back(in[0][t * D + i] / std::sqrt(sum / double{D} + 1e-6) * in[2][i] * sigmoid(z) *
                      (gate == GateKind::silu ? z : 1));
        }
      }
      return y;
    };
    Textbook expected(textbook, {random.floats(T * D), random.floats(T * D), random.floats(D)},
                      random);
    std::vector<float> y(T * D), dx(T * D), dz(T * D);
    const GatedNorm norm{.x = View<float, 2>(expected.inputs[0].data(), {T, D}),
                         .weight = View<float, 1>(expected.inputs[2].data(), {D}),
                         .eps = 1e-6f,
                         .z = View<float, 2>(expected.inputs[1].data(), {T, D}),
                         .gate = gate};
    gated_rms_norm(norm, {y.data(), {T, D}}, workers_);
    gated_rms_norm_backward(norm, View<float, 2>(expected.dy.data(), {T, D}), {dx.data(), {T, D}},
                            {dz.data(), {T, D}}, workers_);
    expected.expect_output(y);
    expected.expect_gradient(0, dx);
    expected.expect_gradient(1, dz);
  }
}

struct DeltaShape {
  int64_t B, L, H_k, H_v, D_k, D_v;

  int64_t T() const { return B * L; }
  int64_t C() const { return 2 * H_k * D_k + H_v * D_v; }
  int64_t chunks() const { return (L + delta_chunk - 1) / delta_chunk; }
};

// Token by token; in = q, k, conv, g, beta.
Numbers textbook_delta_rule(const DeltaShape& s, const std::vector<Numbers>& in) {
  Numbers y(static_cast<size_t>(s.T() * s.H_v * s.D_v));
  for (int64_t b = 0; b < s.B; ++b) {
    for (int64_t h = 0; h < s.H_v; ++h) {
      Numbers S(static_cast<size_t>(s.D_k * s.D_v));
      for (int64_t t = b * s.L; t < (b + 1) * s.L; ++t) {
        const int64_t head = t * s.H_k + h / (s.H_v / s.H_k);
        const double* q = in[0].data() + head * s.D_k;
        const double* k = in[1].data() + head * s.D_k;
        const double* v = in[2].data() + (t + 1) * s.C() - (s.H_v - h) * s.D_v;
        const auto gate = static_cast<size_t>(t * s.H_v + h);
        for (double& x : S) x *= std::exp(in[3][gate]);
        for (int64_t j = 0; j < s.D_v; ++j) {
          double d = v[j], out = 0;
          for (int64_t i = 0; i < s.D_k; ++i) d -= S[static_cast<size_t>(i * s.D_v + j)] * k[i];
          for (int64_t i = 0; i < s.D_k; ++i) {
            out += (S[static_cast<size_t>(i * s.D_v + j)] += k[i] * in[4][gate] * d) * q[i];
          }
          y[gate * static_cast<size_t>(s.D_v) + static_cast<size_t>(j)] = out;
        }
      }
    }
  }
  return y;
}

std::vector<std::vector<float>> random_delta_inputs(const DeltaShape& s, Random& random) {
  std::vector<std::vector<float>> in = {
      random.floats(s.T() * s.H_k * s.D_k), random.floats(s.T() * s.H_k * s.D_k),
      random.floats(s.T() * s.C()), random.floats(s.T() * s.H_v), random.floats(s.T() * s.H_v)};
  for (int64_t i = 0; i < s.T() * s.H_k; ++i) {  // keys of length 1
    float* k = in[1].data() + i * s.D_k;
    double sum = 0;
    for (int64_t j = 0; j < s.D_k; ++j) sum += double{k[j]} * k[j];
    for (int64_t j = 0; j < s.D_k; ++j) k[j] = static_cast<float>(k[j] / std::sqrt(sum));
  }
  for (float& g : in[3]) g = -0.3f * g * g;
  for (float& beta : in[4]) beta = static_cast<float>(sigmoid(2.0 * beta));
  return in;
}

// Our forward and backward over the same inputs.
struct DeltaRun {
  std::vector<float> y, dq, dk, dconv, dg, dbeta;

  DeltaRun(const DeltaShape& s, std::vector<std::vector<float>> in, std::vector<float> dy_values,
           Workers& workers) {
    const std::array<int64_t, 3> key_shape = {s.T(), s.H_k, s.D_k};
    const std::array<int64_t, 2> gate_shape = {s.T(), s.H_v}, conv_shape = {s.T(), s.C()};
    const DeltaInputs inputs{.q = View<float, 3>(in[0].data(), key_shape),
                             .k = View<float, 3>(in[1].data(), key_shape),
                             .conv = View<float, 2>(in[2].data(), conv_shape),
                             .g = View<float, 2>(in[3].data(), gate_shape),
                             .beta = View<float, 2>(in[4].data(), gate_shape)};
    y.resize(dy_values.size());
    dq.resize(in[0].size());
    dk.resize(in[1].size());
    dconv.resize(in[2].size());
    dg.resize(in[3].size());
    dbeta.resize(in[4].size());
    std::vector<float> states(static_cast<size_t>(s.B * s.chunks() * s.H_v * s.D_k * s.D_v));
    const View<float, 4> states_view(states.data(), {s.B * s.chunks(), s.H_v, s.D_k, s.D_v});
    const View<float, 3> y_view(y.data(), {s.T(), s.H_v, s.D_v});
    delta_rule(inputs, s.L, y_view, states_view, workers);
    delta_rule_backward(inputs, s.L,
                        {.states = states_view,
                         .y = y_view,
                         .dy = View<float, 3>(dy_values.data(), {s.T(), s.H_v, s.D_v})},
                        {.dq = View<float, 3>(dq.data(), key_shape),
                         .dk = View<float, 3>(dk.data(), key_shape),
                         .dconv = View<float, 2>(dconv.data(), conv_shape),
                         .dg = View<float, 2>(dg.data(), gate_shape),
                         .dbeta = View<float, 2>(dbeta.data(), gate_shape)},
                        workers);
  }
};

TEST_P(LinearAttentionGradients, DeltaRule) {
  Random random(5);
  for (const DeltaShape s : {DeltaShape{1, 1, 1, 1, 3, 2},
                             {2, 7, 2, 2, 4, 5},
                             {1, 66, 1, 2, 3, 4},
                             {1, 133, 1, 1, 2, 3},
                             {1, 9, 1, 1, 5, 19}}) {
    SCOPED_TRACE(fmt::format("L {} H_v {} D_k {} D_v {}", s.L, s.H_v, s.D_k, s.D_v));
    Textbook expected([&](const auto& in) { return textbook_delta_rule(s, in); },
                      random_delta_inputs(s, random), random);
    const DeltaRun run(s, expected.inputs, expected.dy, workers_);
    expected.expect_output(run.y);
    expected.expect_gradient(0, run.dq);
    expected.expect_gradient(1, run.dk);
    expected.expect_gradient(2, run.dconv);
    expected.expect_gradient(3, run.dg);
    expected.expect_gradient(4, run.dbeta);
  }
}

// Decays beyond float's range, and heads that never or always write.
TEST_P(LinearAttentionGradients, DeltaRuleAtTheEndsOfItsGates) {
  const DeltaShape s{1, 70, 1, 2, 4, 3};
  Random random(6);
  auto in = random_delta_inputs(s, random);
  for (size_t i = 0; i < in[3].size(); ++i) {
    in[3][i] = i % 2 == 0 ? (i % 3 == 0 ? -120.0f : -0.0f) : -30.0f;
    in[4][i] = i % 5 == 0 ? 0.0f : (i % 7 == 0 ? 1.0f : in[4][i]);
  }
  Textbook expected([&](const auto& x) { return textbook_delta_rule(s, x); }, in, random);
  const DeltaRun run(s, expected.inputs, expected.dy, workers_);
  expected.expect_output(run.y);
  expected.expect_gradient(0, run.dq);
  expected.expect_gradient(1, run.dk);
  expected.expect_gradient(2, run.dconv);
  expected.expect_gradient(3, run.dg);
  expected.expect_gradient(4, run.dbeta);
}

TEST_P(LinearAttentionGradients, ThreadsAndOtherSequencesChangeNoBit) {
  const DeltaShape both{2, 150, 2, 4, 24, 40};
  Random random(7);
  const auto in = random_delta_inputs(both, random);
  const auto dy = random.floats(both.T() * both.H_v * both.D_v);
  const DeltaRun run(both, in, dy, workers_);
  ThreadPool one_thread(1);
  Workers alone(one_thread);
  const DeltaRun again(both, in, dy, alone);
  EXPECT_EQ(run.y, again.y);
  EXPECT_EQ(run.dq, again.dq);
  EXPECT_EQ(run.dk, again.dk);
  EXPECT_EQ(run.dconv, again.dconv);
  EXPECT_EQ(run.dg, again.dg);
  EXPECT_EQ(run.dbeta, again.dbeta);

  DeltaShape last = both;
  last.B = 1;
  const auto second_half = [](const std::vector<float>& x) {
    return std::vector<float>(x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  };
  std::vector<std::vector<float>> half;
  for (const auto& x : in) half.push_back(second_half(x));
  const DeltaRun part(last, half, second_half(dy), workers_);
  EXPECT_EQ(part.y, second_half(run.y));
  EXPECT_EQ(part.dq, second_half(run.dq));
  EXPECT_EQ(part.dk, second_half(run.dk));
  EXPECT_EQ(part.dconv, second_half(run.dconv));
  EXPECT_EQ(part.dg, second_half(run.dg));
  EXPECT_EQ(part.dbeta, second_half(run.dbeta));
}

INSTANTIATE_TEST_SUITE_P(Cpu, LinearAttentionGradients, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

}  // namespace
}  // namespace quantrial::gradients
