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
  constexpr int64_t T = 3, K = 21;
  Random random(3);
  const auto textbook = [](const std::vector<Numbers>& in) {
    Numbers y;
    for (size_t i = 0; i < in[0].size(); ++i) y.push_back(in[0][i] * sigmoid(in[1][i]));
    return y;
  };
  Textbook expected(textbook, {random.floats(T * K), random.floats(T * K)}, random);
  std::vector<float> gate = expected.inputs[1], dx = expected.dy, y(T * K);
  const View<const float, 2> x(expected.inputs[0].data(), {T, K});
  const View<float, 2> gate_view(gate.data(), {T, K});
  sigmoid_gate(x, gate_view, {y.data(), {T, K}}, workers_);
  expected.expect_output(y);
  sigmoid_gate_backward(x, gate_view, {dx.data(), {T, K}}, workers_);
  expected.expect_gradient(0, dx);
  expected.expect_gradient(1, gate);
}

TEST_P(FullAttentionGradients, RopeAndHeads) {
  constexpr int64_t L = 3, T = 2 * L, H = 2, D = 7, R = 2;
  Random random(4);
  std::vector<float> cos, sin;
  for (int i = 0; i < L * R; ++i) {
    cos.push_back(static_cast<float>(std::cos(i)));
    sin.push_back(static_cast<float>(std::sin(i)));
  }
  // The first half of each head, rotated; then the second half as it is.
  const auto textbook = [&](const std::vector<Numbers>& in) {
    Numbers first, second;
    for (size_t row = 0; row < T * H; ++row) {
      const double* x = in[0].data() + row * 2 * D;
      for (size_t d = 0; d < D; ++d) {
        const size_t at = row / H % L * R + d % R;
        const double turned =
            d < R ? x[d] * cos[at] - x[d + R] * sin[at] : x[d] * cos[at] + x[d - R] * sin[at];
        first.push_back(d < 2 * R ? turned : x[d]);
        second.push_back(x[D + d]);
      }
    }
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  Textbook expected(textbook, {random.floats(T * H * 2 * D)}, random);
  const View<const float, 2> cos_view(cos.data(), {L, R}), sin_view(sin.data(), {L, R});
  const auto halves = [](std::vector<float>& both) {
    return std::pair(View<float, 3>(both.data(), {T, H, D}),
                     View<float, 3>(both.data() + T * H * D, {T, H, D}));
  };
  std::vector<float> y(2 * T * H * D), dy = expected.dy, dx(y.size());
  const auto [first, second] = halves(y);
  split_heads(View<float, 3>(expected.inputs[0].data(), {T, H, 2 * D}), first, second, workers_);
  rope(cos_view, sin_view, first, workers_);
  expected.expect_output(y);
  const auto [d_first, d_second] = halves(dy);
  rope_backward(cos_view, sin_view, d_first, workers_);
  merge_heads(d_first, d_second, {dx.data(), {T, H, 2 * D}}, workers_);
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

// y, log_sum, dq, dk, dv, with factors of the products in float or rounded.
std::array<std::vector<float>, 5> attention_both_ways(const Shape& s, Factors factors,
                                                      Workers& workers) {
  Random random(7);
  const std::array<int64_t, 3> q_shape = {s.T(), s.H, s.D}, kv_shape = {s.T(), s.H_kv, s.D};
  const int64_t rows = s.T() * s.H * s.D, keys = s.T() * s.H_kv * s.D;
  const auto q = random.floats(rows), k = random.floats(keys), v = random.floats(keys),
             dy = random.floats(rows);
  const Attention inputs{.q = View<const float, 3>(q.data(), q_shape),
                         .k = View<const float, 3>(k.data(), kv_shape),
                         .v = View<const float, 3>(v.data(), kv_shape),
                         .sequence_length = s.L,
                         .factors = factors};
  std::array<std::vector<float>, 5> found = {
      q, std::vector<float>(static_cast<size_t>(s.T() * s.H)), q, k, k};
  auto& [y, log_sum, dq, dk, dv] = found;
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
    const auto exact = attention_both_ways(s, Factors::float32, workers_);
    const auto rounded = attention_both_ways(s, Factors::bfloat16, workers_);
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

INSTANTIATE_TEST_SUITE_P(Cpu, FullAttentionGradients, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

}  // namespace
}  // namespace quantrial::gradients
