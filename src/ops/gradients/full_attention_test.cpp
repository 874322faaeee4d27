// The operations of full attention and the MLP backwards: against finite differences of the
// textbook loops in double, on shapes that fill neither vectors nor blocks.
#include <gtest/gtest.h>

#include "ops/gradients/gradients.h"
#include "tests/instruction_sets.h"
#include "tests/textbook.h"

namespace quantrial::gradients {
namespace {

class FullAttentionGradients : public EachInstructionSet {
 protected:
  ThreadPool pool_{2};
  Workers workers_{pool_};
};

TEST_P(FullAttentionGradients, RmsNorm) {
  constexpr int64_t T = 5, K = 37;
  constexpr float eps = 1e-2f;
  Random random(1);
  const auto textbook = [&](const std::vector<Numbers>& in) {
    Numbers y;
    for (size_t i = 0; i < T * K; ++i) {
      double sum = 0;
      for (size_t k = 0; k < K; ++k) sum += std::pow(in[0][i / K * K + k], 2);
      y.push_back(in[0][i] / std::sqrt(sum / K + double{eps}) * (1 + in[1][i % K]));
    }
    return y;
  };
  Textbook expected(textbook, {random.floats(T * K), random.floats(K)}, random);
  const Norm norm{.x = View<float, 2>(expected.inputs[0].data(), {T, K}),
                  .weight = View<float, 1>(expected.inputs[1].data(), {K}),
                  .eps = eps};
  std::vector<float> y(T * K), dx = expected.dy;
  rms_norm(norm, {y.data(), {T, K}}, workers_);
  expected.expect_output(y);
  const View<float, 2> in_place(dx.data(), {T, K});
  rms_norm_backward(norm, in_place, in_place, Into::overwrite, workers_);
  expected.expect_gradient(0, dx);
}

TEST_P(FullAttentionGradients, SiluMultiply) {
  constexpr int64_t T = 3, K = 21;
  Random random(2);
  const auto textbook = [](const std::vector<Numbers>& in) {
    Numbers y;
    for (size_t i = 0; i < in[0].size(); ++i) y.push_back(in[0][i] * sigmoid(in[0][i]) * in[1][i]);
    return y;
  };
  Textbook expected(textbook, {random.floats(T * K), random.floats(T * K)}, random);
  std::vector<float> gate = expected.inputs[0], up = expected.inputs[1], y(T * K);
  const View<float, 2> gate_view(gate.data(), {T, K}), up_view(up.data(), {T, K});
  silu_multiply(gate_view, up_view, {y.data(), {T, K}}, workers_);
  expected.expect_output(y);
  silu_multiply_backward(View<float, 2>(expected.dy.data(), {T, K}), gate_view, up_view, workers_);
  expected.expect_gradient(0, gate);
  expected.expect_gradient(1, up);
}

TEST_P(FullAttentionGradients, SigmoidGate) {
  constexpr int64_t T = 3, H = 2, D = 21, N = T * H * D;
  Random random(3);
  const auto textbook = [](const std::vector<Numbers>& in) {
    Numbers y;
    for (size_t i = 0; i < in[0].size(); ++i) {
      y.push_back(in[0][i] * sigmoid(in[1][i / D * 2 * D + D + i % D]));
    }
    return y;
  };
  Textbook expected(textbook, {random.floats(N), random.floats(2 * N)}, random);
  std::vector<float> gate = expected.inputs[1], dx = expected.dy, y(N);
  const View<const float, 3> x(expected.inputs[0].data(), {T, H, D});
  const View<float, 3> gate_view(gate.data(), {T, H, 2 * D});
  sigmoid_gate(x, gate_view, {y.data(), {T, H, D}}, workers_);
  expected.expect_output(y);
  sigmoid_gate_backward(x, gate_view, {dx.data(), {T, H, D}}, workers_);
  expected.expect_gradient(0, dx);
  for (size_t i = 0; i < 2 * N; ++i) {
    if (i / D % 2 != 0) continue;
    EXPECT_EQ(gate[i], expected.inputs[1][i]);  // the query's half
    gate[i] = 0;
  }
  expected.expect_gradient(1, gate);
}

TEST_P(FullAttentionGradients, HeadNorm) {
  constexpr int64_t L = 3, T = 2 * L, H = 2, D = 7, R = 2;
  constexpr float eps = 1e-2f;
  Random random(4);
  std::vector<float> cos, sin;
  for (int i = 0; i < L * R; ++i) {
    cos.push_back(static_cast<float>(std::cos(i)));
    sin.push_back(static_cast<float>(std::sin(i)));
  }
  const auto textbook = [&](const std::vector<Numbers>& in) {
    Numbers y;
    for (size_t row = 0; row < T * H; ++row) {
      const double* x = in[0].data() + row * 2 * D;
      Numbers n;
      double sum = 0;
      for (size_t d = 0; d < D; ++d) sum += x[d] * x[d];
      for (size_t d = 0; d < D; ++d) {
        n.push_back(x[d] / std::sqrt(sum / D + double{eps}) * (1 + in[1][d]));
      }
      for (size_t d = 0; d < D; ++d) {
        const size_t at = row / H % L * R + d % R;
        const double turned =
            d < R ? n[d] * cos[at] - n[d + R] * sin[at] : n[d] * cos[at] + n[d - R] * sin[at];
        y.push_back(d < 2 * R ? turned : n[d]);
      }
    }
    return y;
  };
  Textbook expected(textbook, {random.floats(T * H * 2 * D), random.floats(D)}, random);
  const HeadNorm norm{.x = View<float, 3>(expected.inputs[0].data(), {T, H, 2 * D}),
                      .weight = View<float, 1>(expected.inputs[1].data(), {D}),
                      .eps = eps,
                      .cos = View<const float, 2>(cos.data(), {L, R}),
                      .sin = View<const float, 2>(sin.data(), {L, R})};
  std::vector<float> y(T * H * D), dy = expected.dy, dx(2 * y.size());
  head_norm(norm, {y.data(), {T, H, D}}, workers_);
  expected.expect_output(y);
  head_norm_backward(norm, {dy.data(), {T, H, D}}, {dx.data(), {T, H, 2 * D}}, workers_);
  expected.expect_gradient(0, dx);
}

struct Shape {
  int64_t B, L, H, H_kv, D;
  int64_t T() const { return B * L; }
};

// In = q, k, v.
Numbers textbook_attention(const Shape& s, const std::vector<Numbers>& in) {
  Numbers y(static_cast<size_t>(s.T() * s.H * s.D));
  for (int64_t row = 0; row < s.T() * s.H; ++row) {
    const int64_t t = row / s.H, head = row % s.H / (s.H / s.H_kv);
    const int64_t start = t / s.L * s.L;
    const auto key = [&](const Numbers& x, int64_t j) {
      return &x[static_cast<size_t>((j * s.H_kv + head) * s.D)];
    };
    Numbers p;
    double total = 0;
    for (int64_t j = start; j <= t; ++j) {
      double score = 0;
      for (int64_t d = 0; d < s.D; ++d) {
        score += in[0][static_cast<size_t>(row * s.D + d)] * key(in[1], j)[d];
      }
      p.push_back(std::exp(score / std::sqrt(static_cast<double>(s.D))));
      total += p.back();
    }
    for (int64_t j = start; j <= t; ++j) {
      for (int64_t d = 0; d < s.D; ++d) {
        y[static_cast<size_t>(row * s.D + d)] +=
            p[static_cast<size_t>(j - start)] / total * key(in[2], j)[d];
      }
    }
  }
  return y;
}

TEST_P(FullAttentionGradients, Attention) {
  for (const Shape s : {Shape{2, 5, 6, 2, 19}, Shape{1, 67, 2, 1, 2}, Shape{3, 1, 1, 1, 3}}) {
    SCOPED_TRACE(fmt::format("L {} heads {}/{}", s.L, s.H, s.H_kv));
    Random random(5);
    const std::array<int64_t, 3> q_shape = {s.T(), s.H, s.D}, kv_shape = {s.T(), s.H_kv, s.D};
    const int64_t q = s.T() * s.H * s.D, kv = s.T() * s.H_kv * s.D;
    Textbook expected([&](const std::vector<Numbers>& in) { return textbook_attention(s, in); },
                      {random.floats(q), random.floats(kv), random.floats(kv)}, random);
    std::vector<float> y(static_cast<size_t>(q)), log_sum(y.size()), dq(y.size());
    std::vector<float> dk(static_cast<size_t>(kv)), dv(dk.size());
    const Attention inputs{.q = View<float, 3>(expected.inputs[0].data(), q_shape),
                           .k = View<float, 3>(expected.inputs[1].data(), kv_shape),
                           .v = View<float, 3>(expected.inputs[2].data(), kv_shape),
                           .sequence_length = s.L};
    const View<float, 3> y_view(y.data(), q_shape);
    const View<float, 2> sums(log_sum.data(), {s.T(), s.H});
    attention(inputs, y_view, sums, workers_);
    expected.expect_output(y);
    attention_backward(
        inputs, {.y = y_view, .log_sum = sums, .dy = View<float, 3>(expected.dy.data(), q_shape)},
        {.dq = {dq.data(), q_shape}, .dk = {dk.data(), kv_shape}, .dv = {dv.data(), kv_shape}},
        workers_);
    expected.expect_gradient(0, dq);
    expected.expect_gradient(1, dk);
    expected.expect_gradient(2, dv);
  }
}

enum class Scores : uint8_t { kept, computed_again };

// y, dq, dk, dv, with factors of the products in float or rounded.
std::array<std::vector<float>, 4> attention_both_ways(const Shape& s, Factors factors,
                                                      Scores scores, Workers& workers) {
  Random random(7);
  const std::array<int64_t, 3> q_shape = {s.T(), s.H, s.D}, kv_shape = {s.T(), s.H_kv, s.D};
  const int64_t rows = s.T() * s.H * s.D, keys = s.T() * s.H_kv * s.D;
  const auto q = random.floats(rows), k = random.floats(keys), v = random.floats(keys),
             dy = random.floats(rows);
  Attention inputs{.q = View<const float, 3>(q.data(), q_shape),
                   .k = View<const float, 3>(k.data(), kv_shape),
                   .v = View<const float, 3>(v.data(), kv_shape),
                   .sequence_length = s.L,
                   .factors = factors};
  std::vector<float> kept(static_cast<size_t>(kept_floats(inputs)));
  if (scores == Scores::kept && !kept.empty()) inputs.kept = kept.data();
  std::vector<float> log_sum(static_cast<size_t>(s.T() * s.H));
  std::array<std::vector<float>, 4> found = {q, q, k, k};
  auto& [y, dq, dk, dv] = found;
  const View<float, 3> y_view(y.data(), q_shape);
  const View<float, 2> sums(log_sum.data(), {s.T(), s.H});
  attention(inputs, y_view, sums, workers);
  attention_backward(
      inputs, {.y = y_view, .log_sum = sums, .dy = View<const float, 3>(dy.data(), q_shape)},
      {.dq = {dq.data(), q_shape}, .dk = {dk.data(), kv_shape}, .dv = {dv.data(), kv_shape}},
      workers);
  return found;
}

TEST_P(FullAttentionGradients, RoundedFactorsOfAttentionChangeItLittle) {
  for (const Shape s : {Shape{2, 5, 6, 2, 19}, Shape{1, 67, 2, 1, 32}, Shape{1, 577, 2, 1, 16}}) {
    SCOPED_TRACE(fmt::format("L {} heads {}/{}", s.L, s.H, s.H_kv));
    const auto exact = attention_both_ways(s, Factors::float32, Scores::computed_again, workers_);
    for (const Scores scores : {Scores::kept, Scores::computed_again}) {
      const auto rounded = attention_both_ways(s, Factors::bfloat16, scores, workers_);
      for (size_t i = 0; i < exact.size(); ++i) {
        float largest = 0, difference = 0;
        for (size_t j = 0; j < exact[i].size(); ++j) {
          largest = std::max(largest, std::abs(exact[i][j]));
          difference = std::max(difference, std::abs(rounded[i][j] - exact[i][j]));
        }
        EXPECT_LE(difference, tolerance::bfloat16_attention * largest) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, FullAttentionGradients, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

}  // namespace
}  // namespace quantrial::gradients
