#include "quantize/block_pass.h"

#include <algorithm>

#include "quantize/prepared_weights.h"

namespace quantrial {

bool BlockPass::input_is_quantized(int64_t i) const {
  return !pass_.inputs.empty() && is_quantized(pass_.inputs[static_cast<size_t>(i)]);
}

size_t BlockPass::first_reader(size_t i) const {
  for (size_t j = 0; j < i; ++j) {
    const bool same = pass_.inputs.empty() || pass_.inputs[j] == pass_.inputs[i];
    if (linears_[j].input == linears_[i].input && same) return j;
  }
  return i;
}

View<const float, 2> BlockPass::quantized(size_t i, View<const float, 2> x) {
  if (!input_is_quantized(static_cast<int64_t>(i))) return x;
  const View<float, 2> to = tape.quantized[i].matrix(x.shape(0), x.shape(1));
  workers.for_rows(x.shape(0), x.shape(1), [&](int64_t t) {
    std::copy_n(x[t].data(), x.shape(1), to[t].data());
    quantize_dequantize(to[t].span(), pass_.inputs[i], Arithmetic::float32);
  });
  return to;
}

void BlockPass::prepare_input(size_t i) {
  const View<const float, 2> x = tape.inputs[i];
  const int64_t T = x.shape(0), K = x.shape(1);
  Tape::Memory::Prepared& to = tape.prepared[i];
  to.left = prepared_left({strided(x), T, K}, factors(),
                          to.left_memory.floats(left_floats(strided(x), T, K, factors())));
  to.right = prepared_right({strided(x), T, K}, factors(),
                            to.right_memory.floats(right_floats(T, K, factors())));
}

float* BlockPass::product_scratch() const {
  workers.reserve(product_scratch_floats());
  return workers.scratch(0);
}

void BlockPass::linear(int64_t i, View<const float, 2> x, View<float, 2> y) {
  if (seen != nullptr) (*seen)(i, x);
  const auto at = static_cast<size_t>(i), first = first_reader(at);
  tape.inputs[at] = first == at ? quantized(at, x) : tape.inputs[first];
  if (pass_.prepared == nullptr) {
    multiply_nt(tape.inputs[at], pass_.weights[at], y, {Into::overwrite, factors()}, workers);
    return;
  }
  if (first == at) prepare_input(at);
  multiply(tape.prepared[first].left, pass_.prepared->forward(at),
           {.data = y.data(), .stride = y.shape(1)}, product_scratch());
}

void BlockPass::weight_gradient(int64_t i, View<const float, 2> dy) {
  const auto at = static_cast<size_t>(i);
  const View<float, 2> dw = gradients != nullptr
                                ? gradients->dw[at]
                                : tape.dw.matrix(linears_[at].rows, linears_[at].columns);
  const Into into = gradients != nullptr ? gradients->into : Into::overwrite;
  if (pass_.prepared == nullptr) {
    multiply_tn(dy, tape.inputs[at], dw, {into, factors()}, workers);
  } else {
    const Strided turned = transposed(strided(dy));
    const int64_t T = dy.shape(0), N = dy.shape(1);
    const LeftFactor left = prepared_left(
        {turned, N, T}, factors(), tape.gradient.floats(left_floats(turned, N, T, factors())));
    multiply(left, tape.prepared[first_reader(at)].right,
             {.data = dw.data(), .stride = dw.shape(1), .into = into}, product_scratch());
  }
  if (gradients == nullptr) (*found)(i, dw);
}

void BlockPass::input_gradient(int64_t i, View<const float, 2> dy, View<float, 2> dx, Into into) {
  const auto at = static_cast<size_t>(i);
  if (pass_.prepared == nullptr) {
    multiply_nn(dy, pass_.weights[at], dx, {into, factors()}, workers);
    return;
  }
  const int64_t T = dy.shape(0), N = dy.shape(1);
  const LeftFactor left =
      prepared_left({strided(dy), T, N}, factors(),
                    tape.gradient.floats(left_floats(strided(dy), T, N, factors())));
  multiply(left, pass_.prepared->backward(at),
           {.data = dx.data(), .stride = dx.shape(1), .into = into}, product_scratch());
}

}  // namespace quantrial
