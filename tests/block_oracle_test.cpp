// Both kinds of whole block of the tiny model, forwards and backwards, against PyTorch
// (tests/oracles/README.md).
#include "quantize/dense_block.h"
#include "tests/gradient_oracles.h"
#include "tests/instruction_sets.h"
#include "tests/oracle.h"

namespace quantrial {
namespace {

class BlockOracle : public OnInstructionSet,
                    public testing::WithParamInterface<std::tuple<InstructionSet, MixerKind>> {
 protected:
  void SetUp() override { run_on(std::get<0>(GetParam())); }

  // Every 8th row of dw, and the sums over its rows.
  void expect_gradient(const std::string& name, View<const float, 2> dw) {
    std::vector<float> rows, sums(static_cast<size_t>(dw.shape(1)));
    for (int64_t n = 0; n < dw.shape(0); ++n) {
      const auto row = dw[n].span();
      if (n % 8 == 0) rows.insert(rows.end(), row.begin(), row.end());
      for (size_t k = 0; k < row.size(); ++k) sums[k] += row[k];
    }
    stored_.expect(name, rows, tolerance::block_gradient);
    stored_.expect(name + ".sum", sums, tolerance::block_gradient);
  }

  oracle::Gradients stored_;
};

TEST_P(BlockOracle, OutputAndWeightGradients) {
  const MixerKind kind = std::get<1>(GetParam());
  const bool full = kind == MixerKind::full_attention;
  const std::string group = full ? "block.full_attention." : "block.linear_attention.";
  const Checkpoint checkpoint(oracle::folder("tiny/text"));
  const ModelConfig config = read_model_config(oracle::folder("tiny/text"));
  ThreadPool pool(2);
  DenseBlock block(checkpoint, config, full ? "model.layers.3." : "model.layers.0.", kind, pool);
  const DenseBlock::Pass pass{.weights = block.weights(), .sequence_length = 70};
  const View<float, 2> x = stored_.view<2>("block.x");
  std::vector<float> y(static_cast<size_t>(x.size()));
  Tape tape;
  block.forward(pass, x, View<float, 2>(y.data(), x.shape()), tape);
  stored_.expect(group + "y", y, tolerance::layer_fp32);
  size_t seen = 0;
  block.backward(pass, tape, stored_.view<2>("block.d_y"), [&](int64_t i, View<float, 2> dw) {
    ++seen;
    expect_gradient(group + "d_" + block.linears()[static_cast<size_t>(i)].name, dw);
  });
  EXPECT_EQ(seen, block.linears().size());
}

std::string name_of(const testing::TestParamInfo<std::tuple<InstructionSet, MixerKind>>& test) {
  const bool full = std::get<1>(test.param) == MixerKind::full_attention;
  return std::get<0>(test.param).name() + (full ? "_full" : "_linear");
}

INSTANTIATE_TEST_SUITE_P(Tiny, BlockOracle,
                         testing::Combine(testing::ValuesIn(instruction_sets()),
                                          testing::Values(MixerKind::full_attention,
                                                          MixerKind::linear_attention)),
                         name_of);

}  // namespace
}  // namespace quantrial
