#include "tests/yardstick.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "quantize/calibration_pass.h"

namespace quantrial {

namespace {

constexpr int64_t sequence_length = 128, held_out_rows = 1024;

// Rows [first, first + count) of a table in floats.
std::vector<float> rows_of(const std::vector<float>& table, int64_t first, int64_t count,
                           int64_t H) {
  return {table.begin() + first * H, table.begin() + (first + count) * H};
}

std::unique_ptr<MemoryStates> outputs_of(DenseBlock& block, const HiddenStates& inputs) {
  const std::vector<float> x = read_sequences(inputs, all_sequences(inputs));
  const int64_t H = inputs.width(), T = static_cast<int64_t>(x.size()) / H;
  std::vector<float> y(x.size());
  block.forward({block.weights(), {}, inputs.sequence_length()}, {x.data(), {T, H}},
                {y.data(), {T, H}});
  return std::make_unique<MemoryStates>(std::move(y), inputs.sequence_length(), H);
}

Codec codec_of(YardstickFormat format) {
  using Fit = Int4Codec::Fit;
  switch (format) {
    case YardstickFormat::int4_g128_signed:
      return Int4Codec{.fit_rule = Fit::signed_absmax, .group_size = 128};
    case YardstickFormat::int4_g128:
      return Int4Codec{.fit_rule = Fit::absmax, .group_size = 128, .scale_dtype = DType::bf16};
    case YardstickFormat::int4_g32:
      return Int4Codec{.fit_rule = Fit::range, .group_size = 32, .scale_dtype = DType::bf16};
    default:
      return Nvfp4Codec{};
  }
}

// Stays in 16 bits, as in every published recipe.
bool stays(const BlockLinear& linear) {
  return linear.name.ends_with("in_proj_a") || linear.name.ends_with("in_proj_b");
}

float absmax_of(std::span<const float> x) {
  float absmax = 0;
  for (const float v : x) absmax = std::max(absmax, std::abs(v));
  return absmax;
}

}  // namespace

void MemoryStates::read(int64_t sequence, View<float, 2> x) const {
  const int64_t size = sequence_length_ * width_;
  std::copy_n(x_.data() + sequence * size, size, x.data());
}

void MemoryStates::write(int64_t sequence, View<const float, 2> x) {
  const int64_t size = sequence_length_ * width_;
  std::copy_n(x.data(), size, x_.data() + sequence * size);
}

Yardstick::Yardstick(const std::filesystem::path& dir, ThreadPool& pool)
    : checkpoint_(dir), config_(read_model_config(dir)), pool_(pool) {
  const std::vector<float> table = checkpoint_.at("model.embed_tokens.weight").floats();
  const int64_t H = config_.hidden_size, calibration_rows = config_.vocab_size - held_out_rows;
  calibration_ =
      std::make_unique<MemoryStates>(rows_of(table, 0, calibration_rows, H), sequence_length, H);
  held_out_ = std::make_unique<MemoryStates>(rows_of(table, calibration_rows, held_out_rows, H),
                                             sequence_length, H);
  const auto block = make_block();
  calibration_outputs_ = outputs_of(*block, *calibration_);
  held_out_outputs_ = outputs_of(*block, *held_out_);
}

std::unique_ptr<DenseBlock> Yardstick::make_block() const {
  return std::make_unique<DenseBlock>(checkpoint_, config_, "model.layers.0.",
                                      config_.layer_types.at(0), pool_);
}

std::vector<float> Yardstick::held_out_outputs() {
  return read_sequences(*held_out_outputs_, all_sequences(*held_out_outputs_));
}

std::vector<LinearTarget> Yardstick::targets(DenseBlock& block, YardstickFormat format) const {
  std::vector<LinearTarget> targets(block.linears().size());
  std::vector<float> absmax(targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    if (stays(block.linears()[i])) continue;
    targets[i].codec = codec_of(format);
    float& largest = absmax[static_cast<size_t>(block.linears()[i].input)];
    largest = std::max(largest, absmax_of(block.weights()[i].span()));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].codec) continue;
    auto* nvfp4 = std::get_if<Nvfp4Codec>(&*targets[i].codec);
    if (nvfp4 == nullptr) continue;
    nvfp4->divisor = Nvfp4Codec::divisor_for(absmax[static_cast<size_t>(block.linears()[i].input)]);
  }
  return targets;
}

void Yardstick::add_activations(DenseBlock& block, std::vector<LinearTarget>& targets) const {
  const std::vector<float> x = read_sequences(*calibration_, all_sequences(*calibration_));
  const int64_t H = config_.hidden_size, T = static_cast<int64_t>(x.size()) / H;
  std::vector<float> y(x.size());
  const auto seen = [&](int64_t i, View<const float, 2> input) {
    if (!targets[static_cast<size_t>(i)].codec) return;
    const float divisor = Nvfp4Codec::divisor_for(absmax_of(input.span()));
    targets[static_cast<size_t>(i)].activations = Nvfp4Local{.global = {.value = divisor}};
  };
  block.forward({block.weights(), {}, sequence_length}, {x.data(), {T, H}}, {y.data(), {T, H}},
                seen);
}

YardstickResult Yardstick::run(Algorithm& algorithm, YardstickFormat format, uint64_t seed) {
  const auto block = make_block();
  std::vector<LinearTarget> to = targets(*block, format), with_activations = to;
  const bool is_nvfp4 = std::holds_alternative<Nvfp4Codec>(*to[0].codec);
  if (is_nvfp4) add_activations(*block, with_activations);
  const BlockTask task{.block = *block,
                       .targets = format == YardstickFormat::nvfp4_w4a4 ? with_activations : to,
                       .inputs = *calibration_,
                       .outputs = *calibration_outputs_,
                       .pool = pool_,
                       .seed = seed};
  const auto start = std::chrono::steady_clock::now();
  BlockResult result = algorithm.quantize(task);
  YardstickResult found{.before = result.error_before, .after = result.error_after};
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::vector<std::vector<float>> values;
  std::vector<View<const float, 2>> weights(block->weights().begin(), block->weights().end());
  for (const auto& [i, linear] : result.linears) {
    const QuantizedMatrix& m = linear.matrix;
    std::vector<float>& w = values.emplace_back(static_cast<size_t>(m.rows * m.columns));
    for (int64_t n = 0; n < m.rows; ++n) {
      decode_row(
          linear.codec, m, n,
          std::span(w).subspan(static_cast<size_t>(n * m.columns), static_cast<size_t>(m.columns)));
    }
    weights[static_cast<size_t>(i)] = {w.data(), {m.rows, m.columns}};
  }
  const auto error = [&](std::span<const LinearTarget> of, const HiddenStates& inputs,
                         const HiddenStates& outputs) {
    return block_error({*block, of, inputs, outputs, pool_}, weights);
  };
  found.calibration = error(to, *calibration_, *calibration_outputs_);
  found.held_out = error(to, *held_out_, *held_out_outputs_);
  if (is_nvfp4) {
    found.calibration_w4a4 = error(with_activations, *calibration_, *calibration_outputs_);
    found.held_out_w4a4 = error(with_activations, *held_out_, *held_out_outputs_);
  }
  return found;
}

}  // namespace quantrial
