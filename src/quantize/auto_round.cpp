#include "quantize/auto_round.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "quantize/calibration_pass.h"
#include "quantize/rounded_block.h"
#include "quantize/tuned_linear.h"

namespace quantrial {

namespace {

constexpr int curvature_probes = AutoRoundParameters::curvature_probes;
constexpr int64_t looks = AutoRoundParameters::looks;

// Sequences in an order drawn anew for each round (Fisher and Yates), as many at a time as asked.
class Batches {
 public:
  Batches(std::vector<int64_t> sequences, uint64_t seed)
      : sequences_(std::move(sequences)), next_(sequences_.size()), seed_(seed) {}

  std::vector<int64_t> next(int64_t most) {
    std::vector<int64_t> batch;
    const int64_t size = std::min(most, static_cast<int64_t>(sequences_.size()));
    for (int64_t i = 0; i < size; ++i) {
      if (next_ == sequences_.size()) shuffle();
      batch.push_back(sequences_[next_++]);
    }
    return batch;
  }
  double draw() { return uniform(seed_, draws_++); }

 private:
  void shuffle() {
    for (size_t i = sequences_.size(); i > 1; --i) {
      std::swap(sequences_[i - 1],
                sequences_[static_cast<size_t>(draw() * static_cast<double>(i))]);
    }
    next_ = 0;
  }

  std::vector<int64_t> sequences_;
  size_t next_;
  uint64_t seed_, draws_ = 0;
};

// How many of the batch's sequences, each of `numbers` hidden numbers, go through the block at
// once: so few that their tape, some 20 times as large, stays in the last-level cache. Of large
// ones nothing would, and the sums of their gradients are not worth their memory: the whole batch.
size_t sequences_in_cache(int64_t numbers, size_t batch) {
  constexpr int64_t at_once = 1 << 18;
  if (numbers > at_once) return batch;
  return std::min(batch, static_cast<size_t>(at_once / numbers));
}

// Inputs in FP4 would fall to the other of two numbers under the rounding of bfloat16.
Factors factors_of(const std::vector<Activations>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), is_quantized) ? Factors::float32
                                                                 : Factors::bfloat16;
}

class Tuning {
 public:
  Tuning(const BlockTask& task, const AutoRoundParameters& parameters);
  void start();
  void tune();
  BlockResult result();

 private:
  void measure_curvature(std::vector<std::vector<float>> mean_squares);
  void iterate(int64_t t);
  void look(int64_t iterations);
  std::vector<View<const float, 2>> weights() const;
  // Runs the tape over a batch; leaves y' in out_.
  void forward(std::span<const int64_t> batch, BlockWeights weights);
  // Leaves dL/dy' in out_, L the mean of (y' - y)^2 over `rows` rows.
  void take_loss_gradient(std::span<const int64_t> sequences, int64_t rows);

  const BlockTask& task_;
  AutoRoundParameters parameters_;
  double rate_;
  Workers workers_;
  std::vector<Activations> inputs_;
  Factors factors_;  // of the gradient steps
  std::vector<std::optional<TunedLinear>> linears_;
  std::vector<int64_t> held_out_;
  Batches batches_;
  double least_ = 0;     // error of the best so far on what was held out
  int64_t best_at_ = 0;  // the iteration that gave it
  std::vector<std::string> notes_;
  Tape& tape_;                      // the block's: nothing else runs between forward and backward
  std::vector<float> x_, y_, out_;  // [T,H] of a batch or a part of it
};

std::vector<int64_t> every(const HiddenStates& states, double share, bool of_share) {
  const int64_t all = states.sequences();
  const auto count = static_cast<int64_t>(share * static_cast<double>(all));
  std::vector<int64_t> in, out;
  for (int64_t i = 0; i < all; ++i) {
    // Evenly spread: where i * count / all steps on.
    ((i + 1) * count / all > i * count / all ? in : out).push_back(i);
  }
  return of_share ? in : out;
}

Tuning::Tuning(const BlockTask& task, const AutoRoundParameters& parameters)
    : task_(task),
      parameters_(parameters),
      rate_(parameters.learning_rate.value_or(
          std::min(0.06 / static_cast<double>(std::max<int64_t>(parameters.iters, 1)), 0.001))),
      workers_(task.pool),
      inputs_(activations_of(task)),
      factors_(factors_of(inputs_)),
      linears_(task.targets.size()),
      held_out_(every(task.inputs, parameters.held_out, true)),
      batches_(every(task.inputs, parameters.held_out, false), task.seed),
      tape_(task.block.own_tape()) {}

void Tuning::start() {
  std::map<int, InputMoments> moments = input_moments(task_, all_sequences(task_.inputs), workers_);
  std::vector<std::vector<float>> mean_squares;
  for (const BlockLinear& linear : task_.block.linears()) {
    const auto of = moments.find(linear.input);
    mean_squares.push_back(of == moments.end() ? std::vector<float>() : of->second.mean_squares());
  }
  notes_ = gptq_block(task_, std::move(moments), parameters_.start, KeepSteps::yes,
                      [&](int64_t i, QuantizedMatrix matrix, std::vector<float> steps) {
                        const auto place = static_cast<size_t>(i);
                        linears_[place].emplace(*task_.targets[place].codec, std::move(matrix),
                                                std::move(steps));
                        linears_[place]->round(task_.pool);
                      });
  measure_curvature(std::move(mean_squares));
}

std::vector<View<const float, 2>> Tuning::weights() const {
  std::vector<View<const float, 2>> weights(task_.block.weights().begin(),
                                            task_.block.weights().end());
  for (size_t i = 0; i < weights.size(); ++i) {
    if (linears_[i]) weights[i] = linears_[i]->values();
  }
  return weights;
}

void Tuning::forward(std::span<const int64_t> batch, BlockWeights weights) {
  read_sequences(task_.inputs, batch, x_);
  out_.resize(x_.size());
  const int64_t H = task_.inputs.width(), T = static_cast<int64_t>(x_.size()) / H;
  task_.block.forward({weights, inputs_, task_.inputs.sequence_length(), factors_},
                      {x_.data(), {T, H}}, {out_.data(), {T, H}}, tape_);
}

void Tuning::measure_curvature(std::vector<std::vector<float>> mean_squares) {
  const std::vector<View<const float, 2>> w = weights();
  const int64_t H = task_.inputs.width(), L = task_.inputs.sequence_length();
  for (int probe = 0; probe < curvature_probes; ++probe) {
    forward(batches_.next(parameters_.batch), w);
    const auto scale =
        static_cast<float>(std::sqrt(1.0 / static_cast<double>(out_.size()) / curvature_probes));
    for (float& dy : out_) dy = batches_.draw() < 0.5 ? -scale : scale;
    const View<const float, 2> dy(out_.data(), {static_cast<int64_t>(out_.size()) / H, H});
    task_.block.backward({w, inputs_, L, factors_}, tape_, dy, [&](int64_t i, View<float, 2> dw) {
      if (linears_[static_cast<size_t>(i)]) linears_[static_cast<size_t>(i)]->add_curvature(dw);
    });
  }
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (linears_[i]) linears_[i]->fit_curvature(std::move(mean_squares[i]));
  }
}

void Tuning::take_loss_gradient(std::span<const int64_t> sequences, int64_t rows) {
  read_sequences(task_.outputs, sequences, y_);
  const int64_t H = task_.inputs.width(), T = static_cast<int64_t>(y_.size()) / H;
  const float factor = 2 / static_cast<float>(rows * H);
  workers_.for_rows(T, H, [&](int64_t t) {
    for (int64_t i = t * H; i < (t + 1) * H; ++i) {
      const auto at = static_cast<size_t>(i);
      out_[at] = (out_[at] - y_[at]) * factor;
    }
  });
}

void Tuning::iterate(int64_t t) {
  const std::vector<int64_t> batch = batches_.next(parameters_.batch);
  const std::vector<View<const float, 2>> w = weights();
  const auto rate = static_cast<float>(
      rate_ * (1 - static_cast<double>(t) / static_cast<double>(parameters_.iters)));
  const int64_t H = task_.inputs.width(), L = task_.inputs.sequence_length();
  const size_t part = sequences_in_cache(L * H, batch.size());
  for (size_t i = 0; i < batch.size(); i += part) {
    const auto sequences = std::span(batch).subspan(i, std::min(part, batch.size() - i));
    const bool is_last = i + part >= batch.size();
    forward(sequences, w);
    take_loss_gradient(sequences, static_cast<int64_t>(batch.size()) * L);
    const View<const float, 2> dy(out_.data(), {static_cast<int64_t>(out_.size()) / H, H});
    task_.block.backward({w, inputs_, L, factors_}, tape_, dy, [&](int64_t j, View<float, 2> dw) {
      auto& linear = linears_[static_cast<size_t>(j)];
      if (!linear) return;
      if (is_last) {
        linear->descend(dw, rate, task_.pool);
      } else {
        linear->accumulate(dw, task_.pool);
      }
    });
  }
  for (auto& linear : linears_) {
    if (linear) linear->round(task_.pool);
  }
}

// Keeps the codes when they do better on what the tuning does not see.
void Tuning::look(int64_t iterations) {
  const double error = block_error(task_, weights(), held_out_);
  if (error >= least_ && !held_out_.empty()) return;
  least_ = error;
  best_at_ = iterations;
  for (auto& linear : linears_) {
    if (linear) linear->keep();
  }
}

void Tuning::tune() {
  least_ = block_error(task_, weights(), held_out_);
  const int64_t interval = std::max<int64_t>(1, parameters_.iters / looks);
  int64_t done = 0;
  while (done < parameters_.iters && done - best_at_ < parameters_.patience * interval) {
    iterate(done++);
    if (done % interval == 0 || done == parameters_.iters) look(done);
    if (task_.progress) {
      task_.progress(static_cast<double>(done) / static_cast<double>(parameters_.iters));
    }
  }
  notes_.push_back(
      fmt::format("tuned for {} of {} iterations, the best on {} held-out sequences "
                  "after {}",
                  done, parameters_.iters, held_out_.size(), best_at_));
}

BlockResult Tuning::result() {
  RoundedBlock rounded(task_.pool, task_.block.weights());
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (!linears_[i]) continue;
    rounded.set(static_cast<int64_t>(i), *task_.targets[i].codec, linears_[i]->take_best());
    linears_[i].reset();
  }
  const double after = block_error(task_, rounded.weights());
  BlockResult result = std::move(rounded).result();
  result.error_after = after;
  result.notes = std::move(notes_);
  return result;
}

}  // namespace

BlockResult AutoRound::quantize(const BlockTask& task) {
  const NearestErrors before(task);
  Tuning tuning(task, parameters_);
  tuning.start();
  tuning.tune();
  BlockResult result = tuning.result();
  before.give_to(result);
  return result;
}

}  // namespace quantrial
