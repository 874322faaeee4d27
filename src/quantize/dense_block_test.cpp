// Blocks forwards against transformers' hidden states and layer traces (tests/oracles/README.md)
// and against the engine's blocks, backwards against differences of the loss.
#include "quantize/dense_block.h"

#include <gtest/gtest.h>

#include <map>

#include "model/block.h"
#include "model/rope.h"
#include "tests/oracle.h"
#include "tests/random_weights.h"

namespace quantrial {
namespace {

using oracle::Matrix;

View<float, 2> view(Matrix& m) { return {m.values.data(), {m.rows, m.columns}}; }
Matrix zeros_like(const Matrix& m) {
  return {std::vector<float>(m.values.size()), m.rows, m.columns};
}
Matrix bell(Random& random, int64_t rows, int64_t columns) {
  return {random.floats(rows * columns), rows, columns};
}

// Layer `layer` of a stored model.
struct Stored {
  Stored(const std::string& folder, int64_t number)
      : layer(number),
        checkpoint(oracle::folder(folder)),
        config(read_model_config(oracle::folder(folder))),
        block(checkpoint, config, fmt::format("model.layers.{}.", number),
              config.layer_types[static_cast<size_t>(number)], pool) {}
  DenseBlock::Pass pass(int64_t length) const {
    return {.weights = block.weights(), .sequence_length = length};
  }

  int64_t layer;
  ThreadPool pool{2};
  Checkpoint checkpoint;
  ModelConfig config;
  DenseBlock block;
};

class DenseBlockTest : public testing::TestWithParam<int64_t> {
 protected:
  Stored stored_{"tiny/text", GetParam()};
};

TEST_P(DenseBlockTest, AgreesWithTransformers) {
  const std::string file = "tiny/hidden_p64.safetensors";
  const int64_t layer = GetParam();
  Matrix x = oracle::tensor(file, layer == 0 ? "embed.out" : fmt::format("layer{}.out", layer - 1));
  Matrix y = zeros_like(x);
  stored_.block.forward(stored_.pass(x.rows), view(x), view(y));
  const Matrix expected = oracle::tensor(file, fmt::format("layer{}.out", layer));
  EXPECT_LE(oracle::relative_difference(y, expected), tolerance::layer_fp32);
}

using TracedBlockTest = DenseBlockTest;  // the layers that the oracle traced

TEST_P(TracedBlockTest, HalvesAgreeWithTransformers) {
  const std::string file = "tiny/trace_p7_layers0_1_3.safetensors";
  const auto traced = [&](const std::string& name) {
    return oracle::tensor(file, fmt::format("layer{}.{}", GetParam(), name));
  };
  Matrix n = traced("input_normed"), y = zeros_like(n);
  stored_.block.mixer(stored_.pass(n.rows), view(n), view(y));
  EXPECT_LE(oracle::relative_difference(y, traced("mixer_out")), tolerance::layer_fp32);
  n = traced("post_normed");
  stored_.block.mlp(stored_.pass(n.rows), view(n), view(y));
  EXPECT_LE(oracle::relative_difference(y, traced("mlp_out")), tolerance::layer_fp32);
}

TEST_P(DenseBlockTest, EveryForwardGivesTheSameBits) {
  Random random(1);
  constexpr int64_t L = 70, T = 20 * L;  // more than are taken at once
  Matrix x = bell(random, T, 128), y = zeros_like(x), again = y;
  stored_.block.forward(stored_.pass(L), view(x), view(y));
  Tape tape;
  stored_.block.forward(stored_.pass(L), view(x), view(again), tape);
  EXPECT_EQ(again.values, y.values) << "on a tape";
  stored_.block.forward(stored_.pass(L), view(x).rows(3 * L, L), view(again).rows(3 * L, L));
  EXPECT_EQ(again.values, y.values) << "one sequence alone";

  std::vector<int64_t> seen;
  stored_.block.forward(
      stored_.pass(L), view(x), view(again), [&](int64_t i, View<const float, 2> input) {
        const BlockLinear& linear = stored_.block.linears()[static_cast<size_t>(i)];
        EXPECT_EQ(input.shape(0), T);
        EXPECT_EQ(input.shape(1), linear.columns);
        seen.push_back(i);
      });
  EXPECT_EQ(again.values, y.values) << "with inputs seen";
  EXPECT_EQ(seen.size(), stored_.block.linears().size());
}

// The loss sum(c y) and its gradients by the weights.
struct Loss {
  Stored& stored;
  int64_t length;
  Matrix x, c;
  std::vector<Activations> inputs{};

  double of(BlockWeights weights) {
    Matrix y = zeros_like(x);
    stored.block.forward({.weights = weights, .inputs = inputs, .sequence_length = length}, view(x),
                         view(y));
    double sum = 0;
    for (size_t i = 0; i < y.values.size(); ++i) sum += double{y.values[i]} * c.values[i];
    return sum;
  }
  std::map<int64_t, Matrix> gradients() {
    Matrix y = zeros_like(x);
    Tape tape;
    const DenseBlock::Pass pass{
        .weights = stored.block.weights(), .inputs = inputs, .sequence_length = length};
    stored.block.forward(pass, view(x), view(y), tape);
    std::map<int64_t, Matrix> found;
    stored.block.backward(pass, tape, view(c), [&](int64_t i, View<float, 2> dw) {
      EXPECT_TRUE(found.emplace(i, oracle::copied(dw)).second) << "twice";
    });
    return found;
  }
  // Slope of the loss when Linear i moves along `direction`: the difference over +-step, with the
  // error of the cubic term taken off by the one over twice the step.
  double slope(int64_t i, const Matrix& direction, double step) {
    const auto at = [&](double by) {
      const View<const float, 2> w = stored.block.weights()[static_cast<size_t>(i)];
      std::vector<float> moved(w.span().begin(), w.span().end());
      for (size_t k = 0; k < moved.size(); ++k) {
        moved[k] += static_cast<float>(by * direction.values[k]);
      }
      std::vector<View<const float, 2>> weights(stored.block.weights().begin(),
                                                stored.block.weights().end());
      weights[static_cast<size_t>(i)] = View<const float, 2>(moved.data(), w.shape());
      return of(weights);
    };
    const double once = (at(step) - at(-step)) / (2 * step);
    const double twice = (at(2 * step) - at(-2 * step)) / (4 * step);
    return (4 * once - twice) / 3;
  }
};

// Whether dw is the slope of the loss by Linear i. Along the gradient itself the slope is its
// squared length, far from rounding noise; the random part keeps other directions in.
void expect_slope(Loss& loss, int64_t i, const Matrix& dw) {
  Random random(4);
  Matrix direction = dw;
  double length = 0, expected = 0;
  for (const float v : dw.values) length += double{v} * v;
  const double size = std::sqrt(length / static_cast<double>(dw.values.size()));
  for (size_t k = 0; k < dw.values.size(); ++k) {
    direction.values[k] = static_cast<float>(dw.values[k] / size + random.bell());
    expected += double{dw.values[k]} * direction.values[k];
  }
  EXPECT_NEAR(loss.slope(i, direction, 1e-4) / expected, 1, tolerance::slope)
      << loss.stored.block.linears()[static_cast<size_t>(i)].name;
}

TEST_P(DenseBlockTest, GradientsAreSlopesOfTheLoss) {
  Random random(2);
  constexpr int64_t L = 67, T = 3 * L;
  Loss loss{.stored = stored_, .length = L, .x = bell(random, T, 128), .c = bell(random, T, 128)};
  const auto gradients = loss.gradients();
  ASSERT_EQ(gradients.size(), stored_.block.linears().size());
  for (const auto& [i, dw] : gradients) expect_slope(loss, i, dw);
}

// With quantized inputs the loss is smooth in the last Linear alone; the others' gradients pass
// straight through the rounding.
TEST_P(DenseBlockTest, QuantizedInputs) {
  Random random(2);
  constexpr int64_t L = 33, T = 2 * L;
  const size_t linears = stored_.block.linears().size();
  Loss loss{.stored = stored_, .length = L, .x = bell(random, T, 128), .c = bell(random, T, 128)};
  const auto plain = loss.gradients();
  loss.inputs.assign(linears, Unquantized{});
  EXPECT_EQ(loss.gradients().at(0).values, plain.at(0).values);
  for (size_t i = 0; i < linears; ++i) {
    loss.inputs[i] = Nvfp4Local{{.value = i == 1 ? 30.0f : 40.0f}};  // one unlike its neighbours
  }
  const auto last = static_cast<int64_t>(linears) - 1;
  const auto gradients = loss.gradients();
  expect_slope(loss, last, gradients.at(last));
  for (const auto& [i, dw] : gradients) {
    EXPECT_LE(oracle::relative_difference(dw, plain.at(i)), tolerance::gradient_under_fp4);
    EXPECT_NE(dw.values, plain.at(i).values);
  }
}

// Layer `layer` of a folder as the engine runs it over one sequence x[L, H].
Matrix engine_block(const Stored& stored, Matrix x) {
  const ModelConfig& config = stored.config;
  const int64_t L = x.rows;
  const auto backend = make_cpu_backend({.precision = Precision::fp32, .threads = 2});
  WeightLoader loader(stored.checkpoint, *backend, Nvfp4GlobalScale::as_written);
  const auto number = static_cast<size_t>(stored.layer);
  const MixerKind kind = config.layer_types[number];
  const int64_t place =
      std::count(config.layer_types.begin(), config.layer_types.begin() + stored.layer, kind);
  const Block block(loader, config, fmt::format("{}layers.{}.", loader.prefix(), number), kind,
                    place);
  StatePool pool(*backend, config, {.max_tokens = L});
  const auto state = pool.create();
  require(pool.reserve(*state, L), "no room");
  std::vector<Position3> positions;
  for (int64_t t = 0; t < L; ++t) positions.push_back({t, t, t});
  const RopeTables tables = rope_tables(config, positions);
  const std::array<int64_t, 2> shape = {L, config.rotary_dim / 2};
  Workspace workspace(*backend, Block::workspace_floats(config, L) + 1024);
  const Segment segment{.num_rows = L,
                        .chunked_rows = L / delta_chunk * delta_chunk,
                        .slot = state->slot(),
                        .pages = state->pages()};
  block.forward({.backend = *backend,
                 .config = config,
                 .pool = pool,
                 .workspace = workspace,
                 .segments = std::span(&segment, 1),
                 .cos = View<const float, 2>(tables.cos.data(), shape),
                 .sin = View<const float, 2>(tables.sin.data(), shape)},
                view(x));
  return x;
}

TEST(DenseBlock, AgreesWithTheEngineOnOddShapes) {
  for (const std::string family : {"uneven", "tied_shards", "narrow_wide_heads", "equal_heads"}) {
    const auto layers = read_model_config(oracle::folder("family/" + family)).num_hidden_layers;
    for (int64_t layer = 0; layer < layers; ++layer) {
      SCOPED_TRACE(fmt::format("{} layer {}", family, layer));
      Stored stored("family/" + family, layer);
      Random random(3);
      Matrix x = bell(random, 70, stored.config.hidden_size), y = zeros_like(x);
      stored.block.forward(stored.pass(x.rows), view(x), view(y));
      EXPECT_LE(oracle::relative_difference(y, engine_block(stored, x)), tolerance::layer_fp32);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, DenseBlockTest, testing::Values(0, 1, 2, 3),
                         [](const auto& layer) { return fmt::format("layer{}", layer.param); });
INSTANTIATE_TEST_SUITE_P(Tiny, TracedBlockTest, testing::Values(0, 1, 3),
                         [](const auto& layer) { return fmt::format("layer{}", layer.param); });

}  // namespace
}  // namespace quantrial
