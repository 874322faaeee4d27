// Each operation inside a layer fed with transformers' own intermediate values (tiny model, prompt
// p7; tests/oracles/README.md section 3), and the rotary tables of positions that differ in time,
// height and width.
#include <gtest/gtest.h>

#include "model/rope.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

constexpr int64_t T = 7, H_k = 1, H_v = 2, D = 64, C = 256;
constexpr const char* trace = "tiny/trace_p7_layers0_1_3.safetensors";
const std::vector<Segment> whole = {{.num_rows = T}};

class LayerTrace : public testing::TestWithParam<std::string> {
 protected:
  oracle::Matrix traced(const std::string& name) const {
    oracle::Matrix m = oracle::tensor(trace, GetParam() + "." + name);
    EXPECT_FALSE(m.empty()) << name;
    return m;
  }
  std::vector<float> parameter(const std::string& name) const {
    const Checkpoint checkpoint(oracle::folder("tiny/text"));
    return checkpoint.at("model.layers." + GetParam().substr(5) + "." + name).floats();
  }
  static void expect_close(const std::vector<float>& ours, const oracle::Matrix& expected,
                           double tolerance = tolerance::layer_fp32) {
    ASSERT_EQ(ours.size(), expected.values.size());
    EXPECT_LE(oracle::relative_difference({ours, 1, static_cast<int64_t>(ours.size())}, expected),
              tolerance);
  }

  std::unique_ptr<Backend> backend_ = make_cpu_backend({.precision = Precision::fp32});
};

class LinearAttention : public LayerTrace {};

TEST_P(LinearAttention, ConvolutionAndGates) {
  auto qkv = traced("qkv_proj"), a = traced("a"), b = traced("b");
  auto taps = parameter("linear_attn.conv1d.weight");
  std::vector<float> conv(T * C), state(3 * C), g(T * H_v), beta(T * H_v);
  backend_->causal_conv({qkv.values.data(), {T, C}}, whole, {taps.data(), {C, 4}},
                        {state.data(), {1, 3, C}}, {conv.data(), {T, C}});
  expect_close(conv, traced("conv_silu"));
  auto A_log = parameter("linear_attn.A_log"), dt_bias = parameter("linear_attn.dt_bias");
  backend_->delta_gates({a.values.data(), {T, H_v}}, {b.values.data(), {T, H_v}},
                        {A_log.data(), {H_v}}, {dt_bias.data(), {H_v}}, {g.data(), {T, H_v}},
                        {beta.data(), {T, H_v}});
  expect_close(g, traced("g"));
  expect_close(beta, traced("beta"));
}

TEST_P(LinearAttention, DeltaRuleAndGatedNorm) {
  auto conv = traced("conv_silu"), g = traced("g"), beta = traced("beta"), z = traced("z");
  std::vector<float> q(T * H_k * D), k(q.size()), o(T * H_v * D), state(H_v * D * D);
  backend_->delta_normalize({conv.values.data(), {T, C}}, {q.data(), {T, H_k, D}},
                            {k.data(), {T, H_k, D}});
  const auto q_repeated = traced("q_scaled"), k_repeated = traced("k_norm");  // per value head
  for (int64_t i = 0; i < T * D; ++i) {
    const auto at = static_cast<size_t>(i / D * H_v * D + i % D);
    EXPECT_NEAR(q[static_cast<size_t>(i)], q_repeated.values[at], tolerance::layer_fp32);
    EXPECT_NEAR(k[static_cast<size_t>(i)], k_repeated.values[at], tolerance::layer_fp32);
  }
  const DeltaInputs inputs{.q = View<float, 3>(q.data(), {T, H_k, D}),
                           .k = View<float, 3>(k.data(), {T, H_k, D}),
                           .conv = View<float, 2>(conv.values.data(), {T, C}),
                           .g = View<float, 2>(g.values.data(), {T, H_v}),
                           .beta = View<float, 2>(beta.values.data(), {T, H_v})};
  backend_->delta_rule(inputs, whole, {state.data(), {1, H_v, D, D}}, {o.data(), {T, H_v, D}});
  expect_close(o, traced("core"));
  expect_close(state, traced("final_state"));
  auto norm = parameter("linear_attn.norm.weight");
  backend_->gated_rms_norm({o.data(), {T * H_v, D}}, {norm.data(), {D}}, 1e-6f,
                           {z.values.data(), {T * H_v, D}}, GateKind::silu,
                           {o.data(), {T * H_v, D}});
  expect_close(o, traced("gated_norm"));
}

INSTANTIATE_TEST_SUITE_P(Tiny, LinearAttention, testing::Values("layer0", "layer1"),
                         [](const auto& layer) { return layer.param; });

class FullAttention : public LayerTrace {};

TEST_P(FullAttention, RopeAttentionAndGate) {
  constexpr int64_t heads = 2, kv_heads = 1;
  const ModelConfig config = read_model_config(oracle::folder("tiny/text"));
  auto q = traced("q_normed"), k = traced("k_normed"), v = traced("v"), gate = traced("gate");
  std::vector<Position3> positions;
  for (int64_t t = 0; t < T; ++t) positions.push_back({t, t, t});
  RopeTables tables = rope_tables(config, positions);
  const std::array<int64_t, 2> shape = {T, config.rotary_dim / 2};
  const View<float, 3> q_view(q.values.data(), {T, heads, D});
  const View<float, 3> k_view(k.values.data(), {T, kv_heads, D});
  for (const auto& x : {q_view, k_view}) {
    backend_->rope(View<float, 2>(tables.cos.data(), shape),
                   View<float, 2>(tables.sin.data(), shape), x);
  }
  expect_close(q.values, traced("q_rope"));
  expect_close(k.values, traced("k_rope"));

  std::vector<float> keys(page_tokens * kv_heads * D), values(keys.size()), y(T * heads * D);
  const std::vector<int32_t> pages = {0};
  std::vector<Segment> segments = whole;
  segments[0].pages = pages;
  const KvPages cache{keys.data(), values.data(), DType::f32, kv_heads, D};
  backend_->store_kv(k_view, {v.values.data(), {T, kv_heads, D}}, segments, cache);
  backend_->attention(q_view, segments, cache, {y.data(), {T, heads, D}});
  expect_close(y, traced("attn"));
  backend_->sigmoid_gate({gate.values.data(), {T, heads * D}}, {y.data(), {T, heads * D}});
  expect_close(y, traced("attn_gated"));
}

INSTANTIATE_TEST_SUITE_P(Tiny, FullAttention, testing::Values("layer3"),
                         [](const auto& layer) { return layer.param; });

TEST(Rope, InterleavedSectionsAgreeWithTransformers) {
  const std::string file = "tiny/mrope_tables.safetensors";
  const SafetensorsFile stored(oracle::folder(file));
  std::vector<Position3> positions(8);
  for (const StoredTensor& t : stored.tensors()) {
    if (t.name != "pos3") continue;  // [3, 8]
    const auto numbers = t.array<int64_t>();
    for (int64_t i = 0; i < 24; ++i) {
      positions[static_cast<size_t>(i % 8)][static_cast<size_t>(i / 8)] = numbers[i];
    }
  }
  const RopeTables tables = rope_tables(read_model_config(oracle::folder("tiny/text")), positions);
  const auto cos = oracle::tensor(file, "cos"), sin = oracle::tensor(file, "sin");
  ASSERT_EQ(cos.columns, 16) << "both halves are stored";
  for (int64_t t = 0; t < 8; ++t) {
    for (int64_t i = 0; i < 8; ++i) {
      const auto at = static_cast<size_t>(t * 8 + i), column = static_cast<size_t>(i);
      EXPECT_NEAR(tables.cos[at], cos.row(t)[column], tolerance::layer_fp32) << t << " " << i;
      EXPECT_NEAR(tables.sin[at], sin.row(t)[column], tolerance::layer_fp32) << t << " " << i;
    }
  }
}

}  // namespace
}  // namespace quantrial
