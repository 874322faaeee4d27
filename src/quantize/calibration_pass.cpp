#include "quantize/calibration_pass.h"

#include <algorithm>
#include <numeric>

namespace quantrial {

namespace {

// Calls pass(sequences) for consecutive shares of `sequences`.
template <typename Pass>
void in_passes(const BlockTask& task, std::span<const int64_t> sequences, Pass&& pass) {
  const auto size = static_cast<size_t>(sequences_a_pass(task.inputs));
  for (size_t i = 0; i < sequences.size(); i += size) {
    task.check();
    pass(sequences.subspan(i, std::min(size, sequences.size() - i)));
  }
}

View<const float, 2> rows_of(const std::vector<float>& x, int64_t width) {
  return {x.data(), {static_cast<int64_t>(x.size()) / width, width}};
}

}  // namespace

void read_sequences(const HiddenStates& states, std::span<const int64_t> sequences,
                    std::vector<float>& x) {
  const int64_t L = states.sequence_length(), H = states.width();
  x.resize(sequences.size() * static_cast<size_t>(L * H));
  for (size_t i = 0; i < sequences.size(); ++i) {
    states.read(sequences[i], {x.data() + static_cast<int64_t>(i) * L * H, {L, H}});
  }
}

std::vector<float> read_sequences(const HiddenStates& states, std::span<const int64_t> sequences) {
  std::vector<float> x;
  read_sequences(states, sequences, x);
  return x;
}

int64_t sequences_a_pass(const HiddenStates& states) {
  return std::max<int64_t>(1, rows_a_pass / states.sequence_length());
}

std::vector<Activations> activations_of(const BlockTask& task) {
  std::vector<Activations> inputs;
  for (const LinearTarget& target : task.targets) inputs.push_back(target.activations);
  return inputs;
}

double block_error(const BlockTask& task, BlockWeights weights,
                   std::span<const int64_t> sequences) {
  const int64_t H = task.inputs.width();
  const std::vector<Activations> inputs = activations_of(task);
  double error = 0, change = 0;
  std::vector<float> found;
  in_passes(task, sequences, [&](std::span<const int64_t> share) {
    const std::vector<float> x = read_sequences(task.inputs, share);
    const std::vector<float> y = read_sequences(task.outputs, share);
    found.resize(x.size());
    task.block.forward({weights, inputs, task.inputs.sequence_length()}, rows_of(x, H),
                       {found.data(), rows_of(x, H).shape()});
    for (size_t i = 0; i < x.size(); ++i) {
      const double e = double{found[i]} - y[i], d = double{y[i]} - x[i];
      error += e * e;
      change += d * d;
    }
  });
  return change == 0 ? error : error / change;
}

double block_error(const BlockTask& task, BlockWeights weights) {
  return block_error(task, weights, all_sequences(task.inputs));
}

std::map<int, InputMoments> input_moments(const BlockTask& task, std::span<const int64_t> sequences,
                                          Workers& workers) {
  const std::span<const BlockLinear> linears = task.block.linears();
  std::map<int, InputMoments> moments;
  std::vector<bool> reads(linears.size());  // the first quantized Linear of each input
  for (size_t i = 0; i < linears.size(); ++i) {
    if (!task.targets[i].codec) continue;
    reads[i] = moments.try_emplace(linears[i].input, linears[i].columns).second;
  }
  const int64_t H = task.inputs.width(), L = task.inputs.sequence_length();
  std::vector<float> y;
  in_passes(task, sequences, [&](std::span<const int64_t> share) {
    const std::vector<float> x = read_sequences(task.inputs, share);
    y.resize(x.size());
    const auto seen = [&](int64_t i, View<const float, 2> input) {
      if (!reads[static_cast<size_t>(i)]) return;
      InputMoments& of = moments.at(linears[static_cast<size_t>(i)].input);
      for (int64_t t = 0; t < input.shape(0); t += L) of.add(input.rows(t, L), workers);
    };
    task.block.forward({task.block.weights(), {}, L}, rows_of(x, H),
                       {y.data(), rows_of(x, H).shape()}, seen);
  });
  return moments;
}

std::vector<int64_t> all_sequences(const HiddenStates& states) {
  std::vector<int64_t> sequences(static_cast<size_t>(states.sequences()));
  std::iota(sequences.begin(), sequences.end(), 0);
  return sequences;
}

}  // namespace quantrial
