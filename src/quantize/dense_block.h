// One decoder block in float over whole sequences, forwards and backwards: what calibration, AWQ,
// GPTQ and AutoRound run. The weights of its Linears are arguments, so that an algorithm can put
// its own in their place; everything else (norms, convolution, A_log, dt_bias) belongs to the
// block. Maths: model.md section 2. One operation a file with its gradient: ops/gradients/.
//
// Rows: B sequences of L tokens each from position 0, T = B * L rows. H: hidden_size.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/activations.h"
#include "model/config.h"
#include "ops/matmul.h"
#include "quantize/block_linears.h"
#include "tensor/checkpoint.h"
#include "tensor/view.h"

namespace quantrial {

// The weights of a forward pass, one a Linear of the block in the order of linears(): w[N,K].
using BlockWeights = std::span<const View<const float, 2>>;
// What the input of each Linear is quantized to, in the same order; empty: nothing. Gradients pass
// through the rounding unchanged (straight-through).
using BlockInputs = std::span<const Activations>;

// What a forward pass keeps for backward(), and the memory that backward() works in; reused from
// pass to pass without an allocation when shapes stay.
class Tape {
 public:
  Tape();
  ~Tape();
  Tape(Tape&&) noexcept;
  Tape& operator=(Tape&&) noexcept;

  struct Memory;

 private:
  friend class DenseBlock;
  std::unique_ptr<Memory> memory_;
};

class PreparedWeights;

class DenseBlock {
 public:
  // `prefix` ends in "layers.N.". Reads the unquantized checkpoint; throws Error for missing or
  // misshapen tensors, NaN or infinity in a weight.
  DenseBlock(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& prefix,
             MixerKind kind, ThreadPool& pool);
  ~DenseBlock();

  std::span<const BlockLinear> linears() const;  // block_linears()
  // As stored, in float: w[N,K].
  BlockWeights weights() const;

  // Norm weights before the Linears that AWQ may rescale: "input_layernorm",
  // "post_attention_layernorm" (gain 1 + w).
  std::span<float> norm(const std::string& name);

  struct Pass {
    BlockWeights weights;
    BlockInputs inputs{};
    int64_t sequence_length = 0;  // L, divides T
    // Of all matrix products; both ways the same.
    Factors factors = Factors::float32;
    // Whose threads it runs on, the block's own when null. Passes on workers and tapes of their own
    // may run at the same time.
    Workers* workers = nullptr;
    // Of `weights` and `factors`, or null. The products of Linears then run on the caller alone.
    const PreparedWeights* prepared = nullptr;
  };
  // y[T,H] from x[T,H].
  void forward(const Pass& pass, View<const float, 2> x, View<float, 2> y);
  // The same, and calls seen(i, x[T,K]) with the unquantized input of each Linear i.
  using InputSeen = std::function<void(int64_t linear, View<const float, 2> x)>;
  void forward(const Pass& pass, View<const float, 2> x, View<float, 2> y, const InputSeen& seen);

  // The tape of passes without backward(), lent between two of them: a second one of the 27B shape
  // would take 2 GB more.
  Tape& own_tape();
  // The same, keeping what backward() needs on `tape`.
  void forward(const Pass& pass, View<const float, 2> x, View<float, 2> y, Tape& tape);
  // From dy[T,H] of the same pass on `tape`, which it uses up: calls found(i, dw[N,K]) once for
  // each Linear i, in the order in which they become known; dw is valid during the call alone.
  using GradientFound = std::function<void(int64_t linear, View<float, 2> dw)>;
  void backward(const Pass& pass, Tape& tape, View<const float, 2> dy, const GradientFound& found);
  // The same, into memory of the caller: dw[N,K] a Linear.
  struct Gradients {
    std::span<const View<float, 2>> dw;
    Into into;
  };
  void backward(const Pass& pass, Tape& tape, View<const float, 2> dy, const Gradients& gradients);

  // The two halves of a block on normed inputs, for errors measured at a parent module (AWQ):
  // y[T,H] from n[T,H] = the norm's output.
  void mixer(const Pass& pass, View<const float, 2> n, View<float, 2> y);
  void mlp(const Pass& pass, View<const float, 2> n, View<float, 2> y);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace quantrial
