#include "quantize/block_parts.h"

namespace quantrial {

void MlpPart::forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const {
  const int64_t T = pass.rows(), I = intermediate_size_;
  const auto gate = pass.tape.gate.matrix(T, I), up = pass.tape.up.matrix(T, I);
  const auto multiplied = pass.tape.multiplied.matrix(T, I);
  pass.linear(first_, n, gate);
  pass.linear(first_ + 1, n, up);
  gradients::silu_multiply(gate, up, multiplied, pass.workers);
  pass.linear(first_ + 2, multiplied, y);
}

void MlpPart::backward(BlockPass& pass, View<const float, 2> dy, View<float, 2> dn) const {
  const int64_t T = pass.rows(), I = intermediate_size_;
  const auto gate = pass.tape.gate.matrix(T, I), up = pass.tape.up.matrix(T, I);
  const auto d_multiplied = pass.tape.multiplied.matrix(T, I);
  pass.weight_gradient(first_ + 2, dy);
  pass.input_gradient(first_ + 2, dy, d_multiplied, Into::overwrite);
  gradients::silu_multiply_backward(d_multiplied, gate, up, pass.workers);
  pass.weight_gradient(first_, gate);
  pass.weight_gradient(first_ + 1, up);
  pass.input_gradient(first_, gate, dn, Into::overwrite);
  pass.input_gradient(first_ + 1, up, dn, Into::add);
}

}  // namespace quantrial
