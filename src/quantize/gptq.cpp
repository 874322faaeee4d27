#include "quantize/gptq.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quantize/calibration_pass.h"
#include "quantize/coordinate_descent.h"
#include "quantize/round_with_feedback.h"
#include "quantize/rounded_block.h"
#include "quantize/scale_search.h"

namespace quantrial {

namespace {

// Weights whose input was never seen still count a little.
std::vector<float> importance_of(const InputMoments& moments) {
  constexpr double floor = 0.01;  // of the mean: the same that dampening adds to the diagonal
  std::vector<float> importance = moments.mean_squares();
  double mean = 0;
  for (const float square : importance) mean += square;
  mean /= static_cast<double>(importance.size());
  for (float& square : importance) square += static_cast<float>(floor * mean);
  return importance;
}

void check_moments(const InputMoments& moments, const std::string& linear) {
  for (const float square : moments.mean_squares()) {
    if (std::isfinite(square)) continue;
    throw Error(
        "{}: reads numbers in the calibration pass whose squares are no numbers any more; the "
        "checkpoint is damaged, or keep this module 16-bit",
        linear);
  }
}

}  // namespace

std::vector<std::string> gptq_block(const BlockTask& task, std::map<int, InputMoments> moments,
                                    const GptqParameters& parameters, KeepSteps keep_steps,
                                    const RoundedWithFeedback& found) {
  Workers workers(task.pool);
  std::vector<std::string> notes;
  const std::span<const BlockLinear> linears = task.block.linears();
  for (auto& [input, moment] : moments) {
    const auto reader = std::find_if(linears.begin(), linears.end(),
                                     [&, of = input](const auto& l) { return l.input == of; });
    check_moments(moment, reader->module);
    task.check();
    const std::vector<float> importance = importance_of(moment);
    const ErrorFeedback feedback = error_feedback(std::move(moment), parameters.feedback, workers);
    for (size_t i = 0; i < linears.size(); ++i) {
      if (linears[i].input != input || !task.targets[i].codec) continue;
      task.check();
      if (feedback.dampening > parameters.feedback.dampening) {
        notes.push_back(fmt::format("{}: Hessian without a factor; dampening raised to {}",
                                    linears[i].name, feedback.dampening));
      }
      const Codec& codec = *task.targets[i].codec;
      const View<const float, 2> w = task.block.weights()[i];
      std::vector<GroupScale> scales = parameters.scales == GptqParameters::Scales::fitted
                                           ? fit_scales(codec, w, task.pool)
                                           : search_scales(codec, w, importance, task.pool);
      std::vector<float> steps(keep_steps == KeepSteps::yes ? static_cast<size_t>(w.size()) : 0);
      QuantizedMatrix matrix =
          round_with_feedback(codec, w, std::move(scales), feedback, steps, workers);
      if (parameters.passes > 0) {
        descend_by_coordinates(codec, w, feedback, parameters.passes, matrix, steps, workers);
      }
      found(static_cast<int64_t>(i), std::move(matrix), std::move(steps));
    }
  }
  return notes;
}

BlockResult Gptq::quantize(const BlockTask& task) {
  const NearestErrors before(task);
  const auto all = static_cast<double>(
      std::count_if(task.targets.begin(), task.targets.end(),
                    [](const LinearTarget& target) { return target.codec.has_value(); }));
  RoundedBlock rounded(task.pool, task.block.weights());
  Workers workers(task.pool);
  double done = 0;  // Linears
  std::vector<std::string> notes =
      gptq_block(task, input_moments(task, all_sequences(task.inputs), workers), parameters_,
                 KeepSteps::no, [&](int64_t i, QuantizedMatrix matrix, std::vector<float>) {
                   rounded.set(i, *task.targets[static_cast<size_t>(i)].codec, std::move(matrix));
                   if (task.progress) task.progress(++done / all);
                 });
  const double after = block_error(task, rounded.weights());
  BlockResult result = std::move(rounded).result();
  result.error_after = after;
  result.notes = std::move(notes);
  before.give_to(result);
  return result;
}

}  // namespace quantrial
