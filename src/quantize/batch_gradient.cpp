#include "quantize/batch_gradient.h"

#include <algorithm>
#include <exception>

#include "ops/gradients/gradients.h"
#include "quantize/calibration_pass.h"

namespace quantrial {

namespace {

// Up to so many hidden numbers a sequence is small: its tape is some 20 times as large. Of large
// ones nothing would stay in a cache, and the sums of a lane are not worth their memory.
constexpr int64_t small_sequence = 1 << 18;
constexpr size_t most_lanes = 4;

}  // namespace

int64_t BatchGradient::lane_floats(int64_t sequence_numbers, int64_t weights) {
  return sequence_numbers > small_sequence ? 0 : static_cast<int64_t>(most_lanes) * weights;
}

BatchGradient::BatchGradient(const BlockTask& task, Factors factors)
    : task_(task),
      pass_{.weights = {},
            .inputs = {},
            .sequence_length = task.inputs.sequence_length(),
            .factors = factors},
      inputs_(activations_of(task)),
      workers_(task.pool) {
  pass_.inputs = inputs_;
}

void BatchGradient::run(std::span<const int64_t> batch, BlockWeights weights,
                        const AtOutput& at_output, const DenseBlock::GradientFound& found) {
  pass_.weights = weights;
  if (pass_.sequence_length * task_.inputs.width() > small_sequence) {
    run_whole(batch, at_output, found);
    return;
  }
  make_lanes(std::min(most_lanes, batch.size()));
  prepared_.prepare(weights, pass_.factors, task_.pool);
  run_lanes(batch, at_output);
  add_lanes();
  for (size_t i = 0; i < lanes_[0].dw.size(); ++i) found(static_cast<int64_t>(i), lanes_[0].dw[i]);
}

void BatchGradient::run_whole(std::span<const int64_t> batch, const AtOutput& at_output,
                              const DenseBlock::GradientFound& found) {
  read_sequences(task_.inputs, batch, x_);
  y_.resize(x_.size());
  const int64_t H = task_.inputs.width(), T = static_cast<int64_t>(x_.size()) / H;
  const View<float, 2> y(y_.data(), {T, H});
  Tape& tape = task_.block.own_tape();  // nothing else runs between forward and backward
  task_.check();
  task_.block.forward(pass_, {x_.data(), {T, H}}, y, tape);
  at_output(0, y, workers_);
  task_.check();
  task_.block.backward(pass_, tape, y, [&](int64_t i, View<float, 2> dw) {
    task_.check();
    found(i, dw);
  });
}

void BatchGradient::make_lanes(size_t count) {
  while (threads_.size() < static_cast<size_t>(workers_.size())) threads_.emplace_back(alone_);
  lanes_.resize(count);
  for (Lane& lane : lanes_) {
    if (!lane.dw.empty()) continue;
    for (const BlockLinear& linear : task_.block.linears()) {
      lane.memory.emplace_back(static_cast<size_t>(linear.rows * linear.columns));
      lane.dw.emplace_back(lane.memory.back().data(), std::array{linear.rows, linear.columns});
    }
  }
}

void BatchGradient::run_sequence(Thread& thread, int64_t sequence, int64_t place,
                                 const AtOutput& at_output,
                                 const DenseBlock::Gradients& gradients) {
  const int64_t L = pass_.sequence_length, H = task_.inputs.width();
  thread.y.resize(static_cast<size_t>(L * H));
  const View<float, 2> y(thread.y.data(), {L, H});
  const View<const float, 2> x = task_.inputs.in_memory(sequence, thread.x);
  DenseBlock::Pass pass = pass_;
  pass.workers = &thread.workers;
  pass.prepared = &prepared_;
  task_.block.forward(pass, x, y, thread.tape);
  at_output(place, y, thread.workers);
  task_.block.backward(pass, thread.tape, y, gradients);
}

void BatchGradient::run_lanes(std::span<const int64_t> batch, const AtOutput& at_output) {
  const size_t count = lanes_.size();
  std::vector<std::exception_ptr> errors(count);
  task_.pool.parallel_for(static_cast<int64_t>(count), [&](int64_t i, int thread) {
    const auto lane = static_cast<size_t>(i);
    const size_t begin = lane * batch.size() / count, end = (lane + 1) * batch.size() / count;
    try {
      for (size_t at = begin; at < end; ++at) {
        run_sequence(threads_[static_cast<size_t>(thread)], batch[at], static_cast<int64_t>(at),
                     at_output,
                     {.dw = lanes_[lane].dw, .into = at == begin ? Into::overwrite : Into::add});
      }
    } catch (...) {
      errors[lane] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void BatchGradient::add_lanes() {
  for (size_t i = 0; i < lanes_[0].dw.size(); ++i) {
    const View<float, 2> sum = lanes_[0].dw[i];
    if (lanes_.size() == most_lanes) {
      gradients::add({lanes_[1].dw[i], lanes_[2].dw[i], lanes_[3].dw[i]}, sum, workers_);
      continue;
    }
    for (size_t lane = 1; lane < lanes_.size(); ++lane) {
      gradients::add(lanes_[lane].dw[i], sum, workers_);
    }
  }
}

}  // namespace quantrial
