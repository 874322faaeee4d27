#include "quantize/auto_round.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/rng.h"
#include "ops/gradients/gradients.h"
#include "quantize/batch_gradient.h"
#include "quantize/calibration_pass.h"
#include "quantize/rounded_block.h"
#include "quantize/tuned_linear.h"

namespace quantrial {

namespace {

constexpr int curvature_probes = AutoRoundParameters::curvature_probes;
constexpr int64_t looks = AutoRoundParameters::looks;

// Random signs, 128 a draw.
struct Signs {
  static constexpr int64_t in_draw = 128;
  uint64_t seed, first;

  // Numbers [begin, begin + y.size()) times `scale`.
  void fill(int64_t begin, float scale, std::span<float> y) const {
    std::array<uint32_t, 4> words{};
    for (size_t n = 0; n < y.size(); ++n) {
      const auto i = static_cast<uint64_t>(begin) + n;
      if (n == 0 || i % in_draw == 0) words = philox(seed, first + i / in_draw);
      y[n] = (words[i % in_draw / 32] >> i % 32 & 1) == 0 ? -scale : scale;
    }
  }
};

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
  Signs signs(int64_t count) {
    const uint64_t first = draws_;
    draws_ += static_cast<uint64_t>((count + Signs::in_draw - 1) / Signs::in_draw);
    return {seed_, first};
  }

 private:
  double draw() { return uniform(seed_, draws_++); }
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
  // y'[T,H] of `sequences` becomes dL/dy', L the mean of (y' - y)^2 over `rows` rows.
  void take_loss_gradient(std::span<const int64_t> sequences, int64_t rows, View<float, 2> y,
                          Workers& workers) const;

  const BlockTask& task_;
  AutoRoundParameters parameters_;
  double rate_;
  Workers workers_;
  BatchGradient gradient_;
  std::vector<std::optional<TunedLinear>> linears_;
  std::vector<int64_t> held_out_;
  Batches batches_;
  double least_ = 0;     // error of the best so far on what was held out
  int64_t best_at_ = 0;  // the iteration that gave it
  std::vector<std::string> notes_;
};

// A share of all sequences, evenly spread, and the others.
struct Split {
  std::vector<int64_t> held_out, tuned;
};
Split split(const HiddenStates& states, double share) {
  const int64_t all = states.sequences();
  const auto count = static_cast<int64_t>(share * static_cast<double>(all));
  Split split;
  for (int64_t i = 0; i < all; ++i) {
    const bool steps_on = (i + 1) * count / all > i * count / all;
    (steps_on ? split.held_out : split.tuned).push_back(i);
  }
  return split;
}

Tuning::Tuning(const BlockTask& task, const AutoRoundParameters& parameters)
    : task_(task),
      parameters_(parameters),
      rate_(parameters.learning_rate.value_or(
          std::min(0.06 / static_cast<double>(std::max<int64_t>(parameters.iters, 1)), 0.001))),
      workers_(task.pool),
      gradient_(task, factors_of(activations_of(task))),
      linears_(task.targets.size()),
      held_out_(split(task.inputs, parameters.held_out).held_out),
      batches_(split(task.inputs, parameters.held_out).tuned, task.seed) {}

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
                        linears_[place]->round(workers_);
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

void Tuning::measure_curvature(std::vector<std::vector<float>> mean_squares) {
  const std::vector<View<const float, 2>> w = weights();
  const int64_t numbers = task_.inputs.sequence_length() * task_.inputs.width();
  for (int probe = 0; probe < curvature_probes; ++probe) {
    const std::vector<int64_t> batch = batches_.next(parameters_.batch);
    const int64_t outputs = static_cast<int64_t>(batch.size()) * numbers;
    const Signs signs = batches_.signs(outputs);
    const auto scale =
        static_cast<float>(std::sqrt(1.0 / static_cast<double>(outputs) / curvature_probes));
    gradient_.run(
        batch, w,
        [&](int64_t first, View<float, 2> y, Workers&) {
          signs.fill(first * numbers, scale, {y.data(), static_cast<size_t>(y.size())});
        },
        [&](int64_t i, View<float, 2> dw) {
          auto& linear = linears_[static_cast<size_t>(i)];
          if (linear) linear->add_curvature(dw, workers_);
        });
  }
  for (size_t i = 0; i < linears_.size(); ++i) {
    if (linears_[i]) linears_[i]->fit_curvature(std::move(mean_squares[i]));
  }
}

void Tuning::take_loss_gradient(std::span<const int64_t> sequences, int64_t rows, View<float, 2> y,
                                Workers& workers) const {
  const int64_t L = task_.inputs.sequence_length(), H = y.shape(1);
  std::vector<float> memory;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const View<const float, 2> target = task_.outputs.in_memory(sequences[i], memory);
    gradients::scaled_difference(target, 2 / static_cast<float>(rows * H),
                                 y.rows(static_cast<int64_t>(i) * L, L), workers);
  }
}

void Tuning::iterate(int64_t t) {
  const std::vector<int64_t> batch = batches_.next(parameters_.batch);
  const std::vector<View<const float, 2>> w = weights();
  const auto rate = static_cast<float>(
      rate_ * (1 - static_cast<double>(t) / static_cast<double>(parameters_.iters)));
  const int64_t L = task_.inputs.sequence_length(), rows = static_cast<int64_t>(batch.size()) * L;
  gradient_.run(
      batch, w,
      [&](int64_t first, View<float, 2> y, Workers& workers) {
        const auto count = static_cast<size_t>(y.shape(0) / L);
        take_loss_gradient(std::span(batch).subspan(static_cast<size_t>(first), count), rows, y,
                           workers);
      },
      [&](int64_t i, View<float, 2> dw) {
        auto& linear = linears_[static_cast<size_t>(i)];
        if (linear) linear->descend(dw, rate, workers_);
      });
  for (auto& linear : linears_) {
    if (linear) linear->round(workers_);
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
