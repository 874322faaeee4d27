// What the parts of a block share during one pass: its Linears with their quantized inputs, on a
// tape. Inside of DenseBlock.
#pragma once

#include "ops/gradients/gradients.h"
#include "quantize/tape.h"

namespace quantrial {

class BlockPass {
 public:
  using Seen = DenseBlock::InputSeen;
  using Found = DenseBlock::GradientFound;

  BlockPass(const DenseBlock::Pass& pass, std::span<const BlockLinear> linears,
            Tape::Memory& memory, Workers& threads)
      : workers(threads), tape(memory), pass_(pass), linears_(linears) {}

  int64_t rows() const { return tape.rows; }                         // T
  int64_t sequence_length() const { return pass_.sequence_length; }  // L
  Factors factors() const { return pass_.factors; }

  // y[T,N] = q(x)[T,K] w[N,K]^T of Linear i; shows x to `seen`.
  void linear(int64_t i, View<const float, 2> x, View<float, 2> y);
  // dw = dy^T q(x) of Linear i, given to `found` or into `gradients`.
  void weight_gradient(int64_t i, View<const float, 2> dy);
  // dx (+)= dy w: straight through the quantization of x.
  void input_gradient(int64_t i, View<const float, 2> dy, View<float, 2> dx, Into into);
  bool input_is_quantized(int64_t i) const;
  // Of few rows: what backward() needs is kept rather than computed again.
  bool is_small() const { return pass_.prepared != nullptr; }
  // Whether inputs of Linears are read again by weight_gradient().
  bool keeps_inputs() const {
    return pass_.prepared == nullptr || pass_.factors == Factors::float32 ||
           bfloat16_factors() == Factors::float32;
  }

  Workers& workers;
  Tape::Memory& tape;
  const Seen* seen = nullptr;
  const Found* found = nullptr;
  const DenseBlock::Gradients* gradients = nullptr;  // in place of `found`

 private:
  // The first Linear that reads the same numbers as Linear i.
  size_t first_reader(size_t i) const;
  View<const float, 2> quantized(size_t i, View<const float, 2> x);
  // In the tape's memory for one.
  LeftFactor left_factor(Strided m, int64_t rows, int64_t depth);
  void prepare_input(size_t i);
  float* product_scratch() const;

  const DenseBlock::Pass& pass_;
  std::span<const BlockLinear> linears_;
};

}  // namespace quantrial
