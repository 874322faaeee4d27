// Every operation of a block forwards and backwards against PyTorch (tests/oracles/README.md). Each
// gets the stored values and gradients of its own outputs, so that nothing adds up.
#include "ops/gradients/gradients.h"
#include "tests/gradient_oracles.h"
#include "tests/instruction_sets.h"

namespace quantrial::gradients {
namespace {

class GradientOracle : public EachInstructionSet {
 protected:
  static constexpr int64_t L = 70;  // rows of a sequence, of which there are two

  // Memory of the shape of a stored tensor.
  template <int Rank>
  View<float, Rank> like(View<const float, Rank> stored) {
    memory_.emplace_back(static_cast<size_t>(stored.size()), NAN);
    return {memory_.back().data(), stored.shape()};
  }

  oracle::Gradients stored_;
  ThreadPool pool_{2};
  Workers workers_{pool_};

 private:
  std::vector<std::vector<float>> memory_;
};

TEST_P(GradientOracle, CausalConv) {
  const Convolution convolution{.x = stored_.view<2>("mixer.qkv"),
                                .weight = stored_.view<2>("mixer.conv_weight"),
                                .sequence_length = L};
  const auto y = like<2>(convolution.x), dx = like<2>(convolution.x);
  causal_conv(convolution, y, workers_);
  causal_conv_backward(convolution, stored_.view<2>("mixer.d_conv"), dx, workers_);
  stored_.expect("mixer.conv", y.span(), tolerance::operation);
  stored_.expect("mixer.d_qkv", dx.span(), tolerance::operation);
}

TEST_P(GradientOracle, DeltaNormalizeAndDeltaRule) {
  const DeltaInputs inputs{.q = stored_.view<3>("mixer.q"),
                           .k = stored_.view<3>("mixer.k"),
                           .conv = stored_.view<2>("mixer.conv"),
                           .g = stored_.view<2>("mixer.g"),
                           .beta = stored_.view<2>("mixer.beta")};
  const auto q = like<3>(inputs.q), k = like<3>(inputs.k);
  delta_normalize(inputs.conv, q, k, workers_);
  stored_.expect("mixer.q", q.span(), tolerance::operation);
  stored_.expect("mixer.k", k.span(), tolerance::operation);

  const View<const float, 3> y = stored_.view<3>("mixer.delta");
  const int64_t chunks = y.shape(0) / L * ((L + delta_chunk - 1) / delta_chunk);
  std::vector<float> states(
      static_cast<size_t>(chunks * y.shape(1) * inputs.q.shape(2) * y.shape(2)));
  const View<float, 4> states_view(states.data(),
                                   {chunks, y.shape(1), inputs.q.shape(2), y.shape(2)});
  const auto our_y = like<3>(y);
  delta_rule(inputs, L, our_y, states_view, workers_);
  stored_.expect("mixer.delta", our_y.span(), tolerance::recurrence);

  const DeltaGradients gradients{.dq = q,
                                 .dk = k,
                                 .dconv = like<2>(inputs.conv),
                                 .dg = like<2>(inputs.g),
                                 .dbeta = like<2>(inputs.beta)};
  delta_rule_backward(inputs, L,
                      {.states = states_view, .y = y, .dy = stored_.view<3>("mixer.d_delta")},
                      gradients, workers_);
  stored_.expect("mixer.d_q", q.span(), tolerance::recurrence);
  stored_.expect("mixer.d_k", k.span(), tolerance::recurrence);
  stored_.expect("mixer.d_g", gradients.dg.span(), tolerance::recurrence);
  stored_.expect("mixer.d_beta", gradients.dbeta.span(), tolerance::recurrence);

  delta_normalize_backward(inputs.conv,
                           {.dq = stored_.view<3>("mixer.d_q"), .dk = stored_.view<3>("mixer.d_k")},
                           gradients.dconv, workers_);
  stored_.expect("mixer.d_conv", gradients.dconv.span(), tolerance::recurrence);
}

TEST_P(GradientOracle, DeltaGates) {
  const DeltaGates gates{.a = stored_.view<2>("mixer.a"),
                         .b = stored_.view<2>("mixer.b"),
                         .A_log = stored_.view<1>("mixer.A_log"),
                         .dt_bias = stored_.view<1>("mixer.dt_bias")};
  const auto g = like<2>(gates.a), beta = like<2>(gates.b);
  delta_gates(gates, g, beta, workers_);
  stored_.expect("mixer.g", g.span(), tolerance::operation);
  stored_.expect("mixer.beta", beta.span(), tolerance::operation);
  const auto da = stored_.view<2>("mixer.d_g"), db = stored_.view<2>("mixer.d_beta");
  delta_gates_backward(gates, da, db, workers_);
  stored_.expect("mixer.d_a", da.span(), tolerance::operation);
  stored_.expect("mixer.d_b", db.span(), tolerance::operation);
}

TEST_P(GradientOracle, GatedRmsNorm) {
  const int64_t D = stored_.view<1>("mixer.norm_weight").shape(0);
  const GatedNorm norm{.x = stored_.rows_of("mixer.delta", D),
                       .weight = stored_.view<1>("mixer.norm_weight"),
                       .eps = 1e-6f,
                       .z = stored_.view<2>("mixer.z"),
                       .gate = GateKind::silu};
  const auto y = like<2>(norm.x), dx = like<2>(norm.x), dz = like<2>(norm.x);
  gated_rms_norm(norm, y, workers_);
  gated_rms_norm_backward(norm, stored_.view<2>("mixer.d_out"), dx, dz, workers_);
  stored_.expect("mixer.out", y.span(), tolerance::operation);
  stored_.expect("mixer.d_delta", dx.span(), tolerance::operation);
  stored_.expect("mixer.d_z", dz.span(), tolerance::operation);
}

TEST_P(GradientOracle, RmsNorm) {
  for (const std::string which : {"q", "k"}) {
    const std::string x_name = which == "q" ? "attention.query" : "attention.key";
    const View<float, 1> weight = stored_.view<1>("attention." + which + "_weight");
    const int64_t D = weight.shape(0);
    const Norm norm{.x = stored_.rows_of(x_name, D), .weight = weight, .eps = 1e-6f};
    const auto y = like<2>(norm.x), dx = like<2>(norm.x), twice = like<2>(norm.x);
    rms_norm(norm, y, workers_);
    stored_.expect("attention." + which + "_normed", y.span(), tolerance::operation);
    const View<float, 2> dy = stored_.rows_of("attention.d_" + which + "_normed", D);
    rms_norm_backward(norm, dy, dx, Into::overwrite, workers_);
    stored_.expect("attention.d_" + x_name.substr(10), dx.span(), tolerance::operation);
    std::copy(dx.span().begin(), dx.span().end(), twice.data());
    rms_norm_backward(norm, dy, twice, Into::add, workers_);
    for (int64_t i = 0; i < dx.size(); ++i) ASSERT_EQ(twice.data()[i], dx.data()[i] * 2);
  }
}

TEST_P(GradientOracle, HeadNorm) {
  for (const std::string which : {"q", "k"}) {
    const std::string x_name = which == "q" ? "query" : "key";
    const HeadNorm norm{.x = stored_.view<3>("attention." + x_name),
                        .weight = stored_.view<1>("attention." + which + "_weight"),
                        .eps = 1e-6f,
                        .cos = stored_.view<2>("attention.cos"),
                        .sin = stored_.view<2>("attention.sin")};
    const auto y = like<3>(norm.x), dx = like<3>(norm.x);
    head_norm(norm, y, workers_);
    stored_.expect("attention." + which, y.span(), tolerance::operation);
    head_norm_backward(norm, stored_.view<3>("attention.d_" + which), dx, workers_);
    stored_.expect("attention.d_" + x_name, dx.span(), tolerance::operation);
  }
}

TEST_P(GradientOracle, Attention) {
  const Attention inputs{.q = stored_.view<3>("attention.q"),
                         .k = stored_.view<3>("attention.k"),
                         .v = stored_.view<3>("attention.value"),
                         .sequence_length = L};
  const auto y = like<3>(inputs.q), dq = like<3>(inputs.q);
  const auto dk = like<3>(inputs.k), dv = like<3>(inputs.v);
  std::vector<float> sums(static_cast<size_t>(inputs.q.shape(0) * inputs.q.shape(1)));
  const View<float, 2> log_sum(sums.data(), {inputs.q.shape(0), inputs.q.shape(1)});
  attention(inputs, y, log_sum, workers_);
  stored_.expect("attention.y", y.span(), tolerance::operation);
  attention_backward(inputs,
                     {.y = stored_.view<3>("attention.y"),
                      .log_sum = log_sum,
                      .dy = stored_.view<3>("attention.d_y")},
                     {.dq = dq, .dk = dk, .dv = dv}, workers_);
  stored_.expect("attention.d_q", dq.span(), tolerance::operation);
  stored_.expect("attention.d_k", dk.span(), tolerance::operation);
  stored_.expect("attention.d_value", dv.span(), tolerance::operation);
}

TEST_P(GradientOracle, Gates) {
  const View<float, 3> x = stored_.view<3>("attention.y"), gate = stored_.view<3>("attention.gate");
  const int64_t heads = x.shape(0) * x.shape(1), D = x.shape(2);
  std::vector<float> both(static_cast<size_t>(2 * x.size())), d_gate;
  for (int64_t i = 0; i < heads; ++i) {
    std::copy_n(gate.data() + i * D, D, both.begin() + (2 * i + 1) * D);
  }
  const View<float, 3> query_gate(both.data(), {x.shape(0), x.shape(1), 2 * D});
  const auto y = like<3>(x);
  sigmoid_gate(x, query_gate, y, workers_);
  stored_.expect("attention.out", y.span(), tolerance::operation);
  const View<float, 3> dy = stored_.view<3>("attention.d_out");
  sigmoid_gate_backward(x, query_gate, dy, workers_);
  stored_.expect("attention.d_y", dy.span(), tolerance::operation);
  for (int64_t i = 0; i < heads; ++i) {
    const auto half = both.begin() + (2 * i + 1) * D;
    d_gate.insert(d_gate.end(), half, half + D);
  }
  stored_.expect("attention.d_gate", d_gate, tolerance::operation);

  const View<float, 2> mlp_gate = stored_.view<2>("mlp.gate"), up = stored_.view<2>("mlp.up");
  const auto multiplied = like<2>(mlp_gate);
  silu_multiply(mlp_gate, up, multiplied, workers_);
  stored_.expect("mlp.y", multiplied.span(), tolerance::operation);
  silu_multiply_backward(stored_.view<2>("mlp.d_y"), mlp_gate, up, workers_);
  stored_.expect("mlp.d_gate", mlp_gate.span(), tolerance::operation);
  stored_.expect("mlp.d_up", up.span(), tolerance::operation);
}

// Straight through: dx = dy w whatever x was rounded to, dw = dy^T of the rounded x.
TEST_P(GradientOracle, LinearOfNvfp4Inputs) {
  const View<float, 2> x = stored_.view<2>("linear_nvfp4.x");
  const View<float, 2> w = stored_.view<2>("linear_nvfp4.weight");
  const View<float, 2> dy = stored_.view<2>("linear_nvfp4.d_y");
  const float divisor = stored_.view<1>("linear_nvfp4.input_global_scale")[0];
  for (int64_t t = 0; t < x.shape(0); ++t) {
    quantize_dequantize(x[t].span(), Nvfp4Local{GlobalScale{.value = divisor}},
                        Arithmetic::float32);
  }
  const auto y = like<2>(dy), dx = like<2>(x), dw = like<2>(w);
  multiply_nt(x, w, y, Into::overwrite, workers_);
  multiply_nn(dy, w, dx, Into::overwrite, workers_);
  multiply_tn(dy, x, dw, Into::overwrite, workers_);
  stored_.expect("linear_nvfp4.y", y.span(), tolerance::operation);
  stored_.expect("linear_nvfp4.d_x", dx.span(), tolerance::operation);
  stored_.expect("linear_nvfp4.d_weight", dw.span(), tolerance::operation);
}

INSTANTIATE_TEST_SUITE_P(Cpu, GradientOracle, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

}  // namespace
}  // namespace quantrial::gradients
