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

LeftFactor BlockPass::left_factor(Strided m, int64_t rows, int64_t depth) {
  float* const memory = tape.left_memory.floats(left_floats(m, rows, depth, factors()));
  return prepared_left({m, rows, depth}, factors(), memory);
}

void BlockPass::prepare_input(size_t i) {
  const View<const float, 2> x = tape.inputs[i];
  const int64_t T = x.shape(0), K = x.shape(1);
  tape.left = left_factor(strided(x), T, K);
  Tape::Memory::Prepared& to = tape.prepared[i];
  float* const memory = to.memory.floats(right_floats(T, K, factors()));
  to.factor = prepared_right({strided(x), T, K}, factors(), memory);
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
  multiply(tape.left, pass_.prepared->forward(at), {.data = y.data(), .stride = y.shape(1)},
           product_scratch());
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
    multiply(left_factor(transposed(strided(dy)), dy.shape(1), dy.shape(0)),
             tape.prepared[first_reader(at)].factor,
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
  multiply(left_factor(strided(dy), dy.shape(0), dy.shape(1)), pass_.prepared->backward(at),
           {.data = dx.data(), .stride = dx.shape(1), .into = into}, product_scratch());
}

}  // namespace quantrial
