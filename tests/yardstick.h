// The yardstick for quantization algorithms: one block with the activations and the figures of the
// reference tools (tests/oracles/README.md), run with ours.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "quantize/algorithm.h"
#include "tensor/checkpoint.h"

namespace quantrial {

// Hidden states of whole sequences in memory.
class MemoryStates : public HiddenStates {
 public:
  MemoryStates(std::vector<float> x, int64_t sequence_length, int64_t width)
      : x_(std::move(x)), sequence_length_(sequence_length), width_(width) {}
  int64_t sequences() const override {
    return static_cast<int64_t>(x_.size()) / (sequence_length_ * width_);
  }
  int64_t sequence_length() const override { return sequence_length_; }
  int64_t width() const override { return width_; }
  void read(int64_t sequence, View<float, 2> x) const override;
  void write(int64_t sequence, View<const float, 2> x) override;

 private:
  std::vector<float> x_;  // [sequences * L, H]
  int64_t sequence_length_, width_;
};

enum class YardstickFormat : uint8_t {
  int4_g128_signed,  // auto-round's
  int4_g128,         // compressed-tensors'
  int4_g32,
  nvfp4,
  nvfp4_w4a4,  // activations quantized too
};

struct YardstickResult {
  double calibration = 0, held_out = 0;            // ||y' - y||^2 / ||y - x||^2
  double calibration_w4a4 = 0, held_out_w4a4 = 0;  // NVFP4 with quantized activations
  double before = 0, after = 0;                    // as the algorithm says
  double seconds = 0;
};

// A block, its activations, and what is to become of it.
class Yardstick {
 public:
  // `dir` holds a model of one block whose embedding table is the activation set: the first
  // `calibration_share` of it to calibrate, the rest held out, in sequences of 128 rows.
  Yardstick(const std::filesystem::path& dir, ThreadPool& pool);

  YardstickResult run(Algorithm& algorithm, YardstickFormat format, uint64_t seed);

  // y[T,H] of the float block for the held-out rows.
  std::vector<float> held_out_outputs();

 private:
  std::unique_ptr<DenseBlock> make_block() const;
  std::vector<LinearTarget> targets(DenseBlock& block, YardstickFormat format) const;
  void add_activations(DenseBlock& block, std::vector<LinearTarget>& targets) const;

  Checkpoint checkpoint_;
  ModelConfig config_;
  ThreadPool& pool_;
  std::unique_ptr<MemoryStates> calibration_, calibration_outputs_, held_out_, held_out_outputs_;
};

}  // namespace quantrial
