// The mixer and the MLP of a block, forwards and backwards on a tape. Inside of DenseBlock.
#pragma once

#include "quantize/block_pass.h"
#include "quantize/block_reader.h"

namespace quantrial {

// x[T, heads, D] as [T, heads * D].
template <typename T>
View<T, 2> flat(View<T, 3> x) {
  return {x.data(), {x.shape(0), x.shape(1) * x.shape(2)}};
}
// x[T, heads, D] as [T * heads, D].
template <typename T>
View<T, 2> head_rows(View<T, 3> x) {
  return {x.data(), {x.shape(0) * x.shape(1), x.shape(2)}};
}

// y[T,H] from normed rows n[T,H]. Linears are numbered as in block_linears().
class MixerPart {
 public:
  virtual ~MixerPart() = default;
  virtual void forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const = 0;
  // From dy[T,H]; ends at the gradients of the Linears that read n.
  virtual void backward(BlockPass& pass, View<const float, 2> dy) const = 0;
  virtual int64_t linears() const = 0;  // how many: the MLP's come next
};

std::unique_ptr<MixerPart> make_full_attention(const ModelConfig& config,
                                               const BlockReader& reader);
std::unique_ptr<MixerPart> make_linear_attention(const ModelConfig& config,
                                                 const BlockReader& reader);

// y = down(silu(gate(n)) up(n)), whose Linears are first, first + 1 and first + 2.
class MlpPart {
 public:
  MlpPart(const ModelConfig& config, int64_t first)
      : intermediate_size_(config.intermediate_size), first_(first) {}
  void forward(BlockPass& pass, View<const float, 2> n, View<float, 2> y) const;
  // dn[T,H] from dy[T,H].
  void backward(BlockPass& pass, View<const float, 2> dy, View<float, 2> dn) const;

 private:
  int64_t intermediate_size_, first_;
};

}  // namespace quantrial
