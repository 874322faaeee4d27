// Every operation of the CPU backend but Linears (linear_test.cpp) against its textbook twin, odd
// shapes included, on every instruction set that this machine has.
#include "tests/backend_pair.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

class Operations : public BackendPair, public testing::WithParamInterface<InstructionSet> {
 protected:
  void SetUp() override { run_on(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(On, Operations, testing::ValuesIn(instruction_sets()),
                         instruction_set_name);

TEST_P(Operations, Norms) {
  Numbers x{random_.floats(7 * 100)}, w{random_.floats(100)}, z{random_.floats(7 * 100)};
  expect_same(tolerance::operation, [&](Backend& b) {
    std::vector<float> y(700);
    b.rms_norm(x.view<2>({7, 100}), w.view<1>({100}), 1e-6f, {y.data(), {7, 100}});
    return y;
  });
  for (const GateKind gate : {GateKind::silu, GateKind::sigmoid}) {
    expect_same(tolerance::operation, [&](Backend& b) {
      std::vector<float> y(700);
      b.gated_rms_norm(x.view<2>({7, 100}), w.view<1>({100}), 1e-6f, z.view<2>({7, 100}), gate,
                       {y.data(), {7, 100}});
      return y;
    });
  }
}

TEST_P(Operations, Elementwise) {
  Numbers x{random_.floats(60)}, u{random_.floats(60)};
  for (float& v : x.values) v *= 40;  // sigmoid's far ends
  expect_same(tolerance::operation, [&](Backend& b) {
    std::vector<float> y(60);
    b.silu_multiply(x.view<2>({6, 10}), u.view<2>({6, 10}), {y.data(), {6, 10}});
    return y;
  });
  expect_same(tolerance::operation, [&](Backend& b) {
    std::vector<float> y = u.values;
    b.sigmoid_gate(x.view<2>({6, 10}), {y.data(), {6, 10}});
    b.add(x.view<2>({6, 10}), {y.data(), {6, 10}});
    return y;
  });
}

TEST_P(Operations, MovesOfRowsAndHeads) {
  Numbers x{random_.floats(5 * 2 * 8)};
  expect_same(0, [&](Backend& b) {
    std::vector<float> y(5 * 8 + 2 * 16 + 80);
    b.split_heads(x.view<3>({5, 2, 8}), {y.data(), {5, 2, 4}}, {y.data() + 40, {5, 2, 4}});
    const std::vector<int64_t> rows = {4, 1};
    b.gather_rows(x.view<2>({5, 16}), rows, {y.data() + 80, {2, 16}});
    b.concatenate(x.view<2>({5, 16}).rows(0, 2), x.view<2>({10, 8}).rows(3, 2),
                  {y.data() + 104, {2, 24}});
    return y;
  });
}

TEST_P(Operations, Rope) {
  Numbers angles{random_.floats(3 * 4)}, x{random_.floats(3 * 2 * 16)};
  std::vector<float> cos, sin;
  for (const float a : angles.values) {
    cos.push_back(std::cos(a));
    sin.push_back(std::sin(a));
  }
  expect_same(tolerance::operation, [&](Backend& b) {
    std::vector<float> y = x.values;
    b.rope({cos.data(), {3, 4}}, {sin.data(), {3, 4}}, {y.data(), {3, 2, 16}});
    return y;
  });
}

// Two sequences whose pages lie scattered; the second one continues after 70 positions.
TEST_P(Operations, AttentionOverPages) {
  constexpr int64_t H = 6, H_kv = 2, D = 24, pages = 5;
  const std::vector<int32_t> first_pages = {3}, second_pages = {4, 0, 2};
  const std::vector<Segment> past = {{.first_row = 0, .num_rows = 70, .pages = second_pages}};
  const std::vector<Segment> now = {
      {.first_row = 0, .num_rows = 5, .pages = first_pages},
      {.first_row = 5, .num_rows = 66, .first_position = 70, .pages = second_pages}};
  Numbers k{random_.floats(71 * H_kv * D)}, v{random_.floats(71 * H_kv * D)},
      q{random_.floats(71 * H * D)};
  for (const DType dtype : {DType::f32, DType::bf16}) {
    expect_same(tolerance::operation, [&](Backend& b) {
      std::vector<float> keys(pages * page_tokens * H_kv * D), values(keys.size());
      const KvPages cache{keys.data(), values.data(), dtype, H_kv, D};
      b.store_kv(k.view<3>({71, H_kv, D}), v.view<3>({71, H_kv, D}), past, cache);
      b.store_kv(k.view<3>({71, H_kv, D}), v.view<3>({71, H_kv, D}), now, cache);
      std::vector<float> y(71 * H * D);
      b.attention(q.view<3>({71, H, D}), now, cache, {y.data(), {71, H, D}});
      return y;
    });
  }
}

// The promise of backend.h: a prompt's row gets the bits that decoding gives it.
TEST_P(Operations, AttentionOfRowsTogetherIsThatOfRowsAlone) {
  constexpr int64_t H = 6, H_kv = 1, D = 40, T = 150;
  const std::vector<int32_t> pages = {1, 2, 0};
  Numbers k{random_.floats(T * D)}, v{random_.floats(T * D)}, q{random_.floats(T * H * D)};
  std::vector<bfloat16> keys(3 * page_tokens * D), values(keys.size());
  const KvPages cache{keys.data(), values.data(), DType::bf16, H_kv, D};
  std::vector<Segment> segments = {{.num_rows = T, .pages = pages}};
  cpu_->store_kv(k.view<3>({T, H_kv, D}), v.view<3>({T, H_kv, D}), segments, cache);
  std::vector<float> together(T * H * D), alone(together.size());
  const View<float, 3> to(alone.data(), {T, H, D});
  cpu_->attention(q.view<3>({T, H, D}), segments, cache, {together.data(), {T, H, D}});
  for (int64_t t = 0; t < T; ++t) {
    segments = {{.first_row = t, .num_rows = 1, .first_position = t, .pages = pages}};
    cpu_->attention(q.view<3>({T, H, D}), segments, cache, to);
  }
  EXPECT_EQ(alone, together);
}

TEST_P(Operations, CausalConvolutionWithState) {
  constexpr int64_t C = 300, W = 4;
  Numbers x{random_.floats(9 * C)}, weight{random_.floats(C * W)}, past{random_.floats(3 * 3 * C)};
  const std::vector<Segment> segments = {
      {.first_row = 0, .num_rows = 1, .slot = 2},
      {.first_row = 1, .num_rows = 6, .slot = 0},
      {.first_row = 7, .num_rows = 2, .slot = 1, .writes_state = false}};
  expect_same(tolerance::operation, [&](Backend& b) {
    std::vector<float> y(9 * C), state = past.values;
    b.causal_conv(x.view<2>({9, C}), segments, weight.view<2>({C, W}), {state.data(), {3, 3, C}},
                  {y.data(), {9, C}});
    EXPECT_TRUE(
        std::equal(state.begin() + 3 * C, state.begin() + 6 * C, past.values.begin() + 3 * C))
        << "a speculative segment leaves its state alone";
    y.insert(y.end(), state.begin(), state.end());
    return y;
  });
}

// Inputs of the delta rule as a model makes them: unit keys, decays that remember 1 to 1000 tokens.
struct DeltaCase {
  DeltaCase(int64_t T_, int64_t H_k, int64_t H_v, int64_t D_k, int64_t D_v, uint64_t seed) : T(T_) {
    Random random(seed);
    const int64_t C = 2 * H_k * D_k + H_v * D_v;
    conv.values = random.floats(T * C);
    q.values.resize(static_cast<size_t>(T * H_k * D_k));
    k.values.resize(q.values.size());
    a.values = random.floats(T * H_v);
    b.values = random.floats(T * H_v);
    g.values.resize(a.values.size());
    beta.values.resize(a.values.size());
    std::vector<float> A_log, dt_bias;
    for (int64_t h = 0; h < H_v; ++h) {
      A_log.push_back(static_cast<float>(-6 * random.uniform()));
      dt_bias.push_back(random.bell());
    }
    const auto reference = make_reference_backend(fp32);
    reference->delta_normalize(conv.view<2>({T, C}), q.view<3>({T, H_k, D_k}),
                               k.view<3>({T, H_k, D_k}));
    reference->delta_gates(a.view<2>({T, H_v}), b.view<2>({T, H_v}), {A_log.data(), {H_v}},
                           {dt_bias.data(), {H_v}}, g.view<2>({T, H_v}), beta.view<2>({T, H_v}));
    inputs = {.q = q.view<3>({T, H_k, D_k}),
              .k = k.view<3>({T, H_k, D_k}),
              .conv = conv.view<2>({T, C}),
              .g = g.view<2>({T, H_v}),
              .beta = beta.view<2>({T, H_v})};
    shape = {T, H_v, D_v};
    state_shape = {1, H_v, D_k, D_v};
  }

  // y, then the state, after running all tokens in one segment.
  std::vector<float> run(Backend& backend, int64_t chunked_rows) const {
    const View<float, 4> sized(nullptr, state_shape);
    const View<float, 3> out(nullptr, shape);
    std::vector<float> results(static_cast<size_t>(out.size() + sized.size()));
    const std::vector<Segment> segments = {{.num_rows = T, .chunked_rows = chunked_rows}};
    backend.delta_rule(inputs, segments, {results.data() + out.size(), state_shape},
                       {results.data(), shape});
    return results;
  }

  int64_t T;
  Numbers conv, q, k, a, b, g, beta;
  DeltaInputs inputs;
  std::array<int64_t, 3> shape;
  std::array<int64_t, 4> state_shape;
};

TEST_P(Operations, DeltaInputs) {
  Numbers conv{random_.floats(5 * (2 * 2 * 12 + 4 * 10))}, a{random_.floats(20)};
  for (float& v : a.values) v *= 15;  // softplus' far ends
  expect_same(tolerance::operation, [&](Backend& backend) {
    std::vector<float> y(5 * 24 * 2);
    backend.delta_normalize(conv.view<2>({5, 88}), {y.data(), {5, 2, 12}},
                            {y.data() + 120, {5, 2, 12}});
    return y;
  });
  Numbers A_log{random_.floats(4)}, dt_bias{random_.floats(4)};
  expect_same(tolerance::recurrence, [&](Backend& backend) {
    std::vector<float> y(40);
    backend.delta_gates(a.view<2>({5, 4}), a.view<2>({5, 4}), A_log.view<1>({4}),
                        dt_bias.view<1>({4}), {y.data(), {5, 4}}, {y.data() + 20, {5, 4}});
    return y;
  });
}

TEST_P(Operations, DeltaRuleRecurrentAndChunked) {
  const DeltaCase small(200, 2, 6, 20, 28, 11);
  expect_same(tolerance::recurrence, [&](Backend& b) { return small.run(b, 0); });
  expect_same(tolerance::recurrence, [&](Backend& b) { return small.run(b, 192); });
}

// The promise of backend.h for tokens of one sequence: drafts that are verified together get the
// bits that they get one by one.
TEST_P(Operations, TokensTogetherAreTheBitsOfTokensOneByOne) {
  const DeltaCase few(5, 1, 2, 24, 76, 13);
  const std::vector<float> together = few.run(*cpu_, 0);
  std::vector<float> one_by_one(together.size());
  const View<float, 3> y(one_by_one.data(), few.shape);
  for (int64_t t = 0; t < few.T; ++t) {
    const std::vector<Segment> segments = {{.first_row = t, .num_rows = 1}};
    cpu_->delta_rule(few.inputs, segments, {one_by_one.data() + y.size(), few.state_shape}, y);
  }
  EXPECT_EQ(one_by_one, together);
}

TEST_P(Operations, ChunkedAgreesWithRecurrentOver4096Tokens) {
  const DeltaCase many(4096, 1, 2, 64, 64, 5);
  const std::vector<float> recurrent = many.run(*cpu_, 0), chunked = many.run(*cpu_, 4096);
  EXPECT_LE(largest_difference(chunked, recurrent), tolerance::chunked_against_recurrent);
  EXPECT_GT(largest_difference(chunked, recurrent), 0) << "two different computations";
}

TEST_P(Operations, SpeculativeSegmentLeavesTheStateAlone) {
  const DeltaCase few(3, 1, 2, 16, 16, 9);
  std::vector<float> y(3 * 2 * 16), expected(y.size()), state = random_.floats(2 * 16 * 16);
  const std::vector<float> before = state;
  std::vector<Segment> segments = {{.num_rows = 3, .writes_state = false}};
  cpu_->delta_rule(few.inputs, segments, {state.data(), few.state_shape}, {y.data(), few.shape});
  EXPECT_EQ(state, before);
  segments[0].writes_state = true;
  cpu_->delta_rule(few.inputs, segments, {state.data(), few.state_shape},
                   {expected.data(), few.shape});
  EXPECT_NE(state, before);
  EXPECT_EQ(y, expected) << "the same bits, whether the state is kept or not";
}

}  // namespace
}  // namespace quantrial
