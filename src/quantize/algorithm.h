// How numbers are chosen: an algorithm turns the Linears of one decoder block into codes, looking
// at what flows through the block. It never sees bits, names on disk or files.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/codec.h"
#include "quantize/dense_block.h"

namespace quantrial {

// What a Linear of the block becomes.
struct LinearTarget {
  std::optional<Codec> codec{};  // empty: stays 16-bit
  Activations activations{};     // what its input is quantized to at run time
};

// The calibration set where it enters and leaves the block, in float, one sequence at a time:
// sequence i is [L, H]. Sequences may live in memory or on disk.
class HiddenStates {
 public:
  virtual ~HiddenStates() = default;
  virtual int64_t sequences() const = 0;
  virtual int64_t sequence_length() const = 0;  // L
  virtual int64_t width() const = 0;            // H
  virtual void read(int64_t sequence, View<float, 2> x) const = 0;
  virtual void write(int64_t sequence, View<const float, 2> x) = 0;
  // x[L,H] where it lies; if that is not in RAM, read into `memory`.
  virtual View<const float, 2> in_memory(int64_t sequence, std::vector<float>& memory) const {
    memory.resize(static_cast<size_t>(sequence_length() * width()));
    const View<float, 2> x(memory.data(), {sequence_length(), width()});
    read(sequence, x);
    return x;
  }
};

// The block to be quantized and what is known of it.
struct BlockTask {
  DenseBlock& block;
  std::span<const LinearTarget> targets;  // one a Linear, in the order of block.linears()
  const HiddenStates& inputs;             // as the quantized blocks before this one give them
  const HiddenStates& outputs;  // of the block in the original model: what to come close to
  ThreadPool& pool;
  uint64_t seed = 0;                            // of this block
  std::function<void(double done)> progress{};  // 0 to 1; may throw to interrupt
  // Called before each pass over rows and each Linear, which `progress` does not see: may throw.
  std::function<void()> check = [] {};
};

// What was found for one Linear.
struct QuantizedLinear {
  QuantizedMatrix matrix;
  Codec codec{};  // the target's, but for a divisor that AWQ's smoothing has moved
  // ||W' - W||^2 / ||W||^2 of the result (AWQ: W as it rescaled it), and of round to nearest.
  double weight_error = 0, rounded_error = 0;
};

struct BlockResult {
  std::map<int64_t, QuantizedLinear> linears;  // by place in block.linears()
  // 16-bit tensors that changed (the block's own norms have changed with them), by name below the
  // block's prefix with ".weight": norms and the Linears that AWQ rescales though they stay 16-bit.
  // Already rounded to bfloat16.
  std::map<std::string, std::vector<float>> changed;
  // ||y' - y||^2 / ||y - x||^2 over the calibration set, of round to nearest and of the result.
  double error_before = 0, error_after = 0;
  std::vector<std::string> notes{};  // for the log, one line each
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;
  virtual BlockResult quantize(const BlockTask& task) = 0;
};

}  // namespace quantrial
