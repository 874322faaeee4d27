#include "quantize/block_pass.h"

#include <algorithm>

namespace quantrial {

bool BlockPass::input_is_quantized(int64_t i) const {
  return !pass_.inputs.empty() && is_quantized(pass_.inputs[static_cast<size_t>(i)]);
}

View<const float, 2> BlockPass::quantized(int64_t i, View<const float, 2> x) {
  const auto at = static_cast<size_t>(i);
  if (!input_is_quantized(i)) return x;
  for (size_t j = 0; j < at; ++j) {  // the same numbers already?
    if (linears_[j].input == linears_[at].input && pass_.inputs[j] == pass_.inputs[at]) {
      return tape.inputs[j];
    }
  }
  const View<float, 2> to = tape.quantized[at].matrix(x.shape(0), x.shape(1));
  workers.for_rows(x.shape(0), x.shape(1), [&](int64_t t) {
    std::copy_n(x[t].data(), x.shape(1), to[t].data());
    quantize_dequantize(to[t].span(), pass_.inputs[at], Arithmetic::float32);
  });
  return to;
}

void BlockPass::linear(int64_t i, View<const float, 2> x, View<float, 2> y) {
  if (seen != nullptr) (*seen)(i, x);
  const auto at = static_cast<size_t>(i);
  tape.inputs[at] = quantized(i, x);
  multiply_nt(tape.inputs[at], pass_.weights[at], y, {Into::overwrite, factors()}, workers);
}

void BlockPass::weight_gradient(int64_t i, View<const float, 2> dy) {
  const auto at = static_cast<size_t>(i);
  if (gradients != nullptr) {
    multiply_tn(dy, tape.inputs[at], gradients->dw[at], {gradients->into, factors()}, workers);
    return;
  }
  const View<float, 2> dw = tape.dw.matrix(linears_[at].rows, linears_[at].columns);
  multiply_tn(dy, tape.inputs[at], dw, {Into::overwrite, factors()}, workers);
  (*found)(i, dw);
}

void BlockPass::input_gradient(int64_t i, View<const float, 2> dy, View<float, 2> dx, Into into) {
  multiply_nn(dy, pass_.weights[static_cast<size_t>(i)], dx, {into, factors()}, workers);
}

}  // namespace quantrial
