#include "quantize/rounded_block.h"

#include "quantize/scale_search.h"

namespace quantrial {

namespace {

double relative_error(View<const float, 2> rounded, View<const float, 2> w) {
  double error = 0, square = 0;
  for (int64_t n = 0; n < w.shape(0); ++n) {
    for (int64_t k = 0; k < w.shape(1); ++k) {
      const double e = double{rounded[n][k]} - w[n][k];
      error += e * e;
      square += double{w[n][k]} * w[n][k];
    }
  }
  return square == 0 ? 0 : error / square;
}

}  // namespace

RoundedBlock::RoundedBlock(ThreadPool& pool, BlockWeights exact)
    : pool_(&pool),
      exact_(exact.begin(), exact.end()),
      views_(exact_),
      linears_(exact.size()),
      values_(exact.size()) {}

void RoundedBlock::set(int64_t i, const Codec& codec, QuantizedMatrix matrix) {
  const auto place = static_cast<size_t>(i);
  std::vector<float>& values = values_[place];
  values.resize(matrix.codes.size());
  const View<float, 2> view(values.data(), {matrix.rows, matrix.columns});
  decode(codec, matrix, view, *pool_);
  views_[place] = view;
  linears_[place] = QuantizedLinear{.matrix = std::move(matrix), .codec = codec};
}

BlockResult RoundedBlock::result() && {
  BlockResult result;
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (!linears_[i]) continue;
    linears_[i]->weight_error = relative_error(views_[i], exact_[i]);
    result.linears[static_cast<int64_t>(i)] = std::move(*linears_[i]);
  }
  return result;
}

RoundedBlock rounded_to_nearest(const BlockTask& task) {
  RoundedBlock rounded(task.pool, task.block.weights());
  for (size_t i = 0; i < task.targets.size(); ++i) {
    if (!task.targets[i].codec) continue;
    const Codec& codec = *task.targets[i].codec;
    const View<const float, 2> w = task.block.weights()[i];
    rounded.set(static_cast<int64_t>(i), codec,
                round_under(codec, w, fit_scales(codec, w, task.pool), task.pool));
  }
  return rounded;
}

}  // namespace quantrial
