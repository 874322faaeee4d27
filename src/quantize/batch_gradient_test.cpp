// Gradients over a batch in lanes against those of the whole batch at once, which are slopes of the
// loss (dense_block_test.cpp).
#include "quantize/batch_gradient.h"

#include <gtest/gtest.h>

#include "quantize/hidden_states.h"
#include "tests/oracle.h"
#include "tests/random_weights.h"
#include "tests/tolerance.h"

namespace quantrial {
namespace {

using oracle::Matrix;

class BatchGradientTest : public testing::TestWithParam<MixerKind> {
 protected:
  static constexpr int64_t L = 70;

  BatchGradientTest() {
    Random random(1);
    for (int64_t i = 0; i < states_->sequences(); ++i) {
      const std::vector<float> x = random.floats(L * config_.hidden_size);
      states_->write(i, {x.data(), {L, config_.hidden_size}});
    }
  }
  std::string prefix() const {
    return GetParam() == MixerKind::full_attention ? "model.layers.3." : "model.layers.0.";
  }

  // Of the loss sum(y'^2) / 2.
  std::vector<Matrix> in_lanes(int threads, Factors factors) {
    ThreadPool pool(threads);
    DenseBlock block(checkpoint_, config_, prefix(), GetParam(), pool);
    const std::vector<LinearTarget> targets(block.linears().size());
    const BlockTask task{
        .block = block, .targets = targets, .inputs = *states_, .outputs = *states_, .pool = pool};
    BatchGradient gradient(task, factors);
    std::vector<Matrix> found(targets.size());
    for (int run = 0; run < 2; ++run) {  // the second on used memory
      gradient.run(
          batch_, block.weights(), [](int64_t, View<float, 2>, Workers&) {},
          [&](int64_t i, View<float, 2> dw) {
            found[static_cast<size_t>(i)] = oracle::copied(dw);
          });
    }
    return found;
  }

  const Checkpoint checkpoint_{oracle::folder("tiny/text")};
  const ModelConfig config_ = read_model_config(oracle::folder("tiny/text"));
  std::unique_ptr<StoredStates> states_ =
      states_in_memory({std::vector<int64_t>(7, L), config_.hidden_size});
  const std::vector<int64_t> batch_ = {6, 0, 3, 5, 2};
};

TEST_P(BatchGradientTest, IsThatOfTheWholeBatch) {
  ThreadPool pool(2);
  DenseBlock block(checkpoint_, config_, prefix(), GetParam(), pool);
  const int64_t H = config_.hidden_size, T = static_cast<int64_t>(batch_.size()) * L;
  std::vector<float> x(static_cast<size_t>(T * H)), y(x.size());
  for (size_t i = 0; i < batch_.size(); ++i) {
    states_->read(batch_[i], {x.data() + static_cast<int64_t>(i) * L * H, {L, H}});
  }
  const DenseBlock::Pass pass{.weights = block.weights(), .sequence_length = L};
  Tape tape;
  const View<float, 2> x_rows(x.data(), {T, H}), y_rows(y.data(), {T, H});
  block.forward(pass, x_rows, y_rows, tape);
  const std::vector<Matrix> found = in_lanes(2, Factors::float32);
  block.backward(pass, tape, y_rows, [&](int64_t i, View<float, 2> dw) {
    EXPECT_LE(oracle::relative_difference(found[static_cast<size_t>(i)], oracle::copied(dw)),
              tolerance::operation)
        << block.linears()[static_cast<size_t>(i)].name;
  });
}

TEST_P(BatchGradientTest, RoundedFactorsChangeItLittle) {
  const std::vector<Matrix> exact = in_lanes(2, Factors::float32);
  const std::vector<Matrix> rounded = in_lanes(2, Factors::bfloat16);
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_LE(oracle::relative_difference(rounded[i], exact[i]), tolerance::bfloat16_gradient) << i;
  }
}

TEST_P(BatchGradientTest, ThreadsChangeNoBit) {
  for (const Factors factors : {Factors::float32, Factors::bfloat16}) {
    const std::vector<Matrix> one = in_lanes(1, factors);
    for (const int threads : {2, 3, 8}) {
      const std::vector<Matrix> more = in_lanes(threads, factors);
      for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(more[i].values, one[i].values) << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, BatchGradientTest,
                         testing::Values(MixerKind::linear_attention, MixerKind::full_attention));

}  // namespace
}  // namespace quantrial
