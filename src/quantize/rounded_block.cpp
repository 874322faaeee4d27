#include "quantize/rounded_block.h"

#include <numeric>

#include "quantize/calibration_pass.h"
#include "quantize/scale_search.h"

namespace quantrial {

namespace {

double relative_error(View<const float, 2> rounded, View<const float, 2> w, ThreadPool& pool) {
  std::vector<double> errors(static_cast<size_t>(w.shape(0))), squares(errors);  // [N]
  pool.parallel_for(w.shape(0), [&](int64_t n, int) {
    double error = 0, square = 0;
    for (int64_t k = 0; k < w.shape(1); ++k) {
      const double e = double{rounded[n][k]} - w[n][k];
      error += e * e;
      square += double{w[n][k]} * w[n][k];
    }
    errors[static_cast<size_t>(n)] = error;
    squares[static_cast<size_t>(n)] = square;
  });
  const double square = std::accumulate(squares.begin(), squares.end(), 0.0);
  return square == 0 ? 0 : std::accumulate(errors.begin(), errors.end(), 0.0) / square;
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

std::map<int64_t, double> RoundedBlock::weight_errors() const {
  std::map<int64_t, double> errors;
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (!linears_[i]) continue;
    errors[static_cast<int64_t>(i)] = relative_error(views_[i], exact_[i], *pool_);
  }
  return errors;
}

BlockResult RoundedBlock::result() && {
  BlockResult result;
  for (const auto& [i, error] : weight_errors()) {
    QuantizedLinear& linear = *linears_[static_cast<size_t>(i)];
    linear.weight_error = error;
    result.linears[i] = std::move(linear);
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

NearestErrors::NearestErrors(const BlockTask& task) {
  const RoundedBlock rounded = rounded_to_nearest(task);
  weights_ = rounded.weight_errors();
  block_ = block_error(task, rounded.weights());
}

void NearestErrors::give_to(BlockResult& result) const {
  result.error_before = block_;
  for (auto& [i, linear] : result.linears) linear.rounded_error = weights_.at(i);
}

}  // namespace quantrial
