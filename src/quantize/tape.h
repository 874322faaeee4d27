// Memory of one pass through a block: what forward leaves for backward, and what backward needs to
// work. Inside of DenseBlock. Letters: T rows, H hidden_size, I intermediate_size, D head size.
//
// A block of the 27B shape with T = 8 x 512 takes 2.1 GB (full attention) or 2.5 GB (linear
// attention), 0.36 GB of it for one dw at a time; quantized inputs add up to 0.6 GB.
#pragma once

#include <algorithm>
#include <vector>

#include "model/rope.h"
#include "ops/workers.h"
#include "quantize/dense_block.h"

namespace quantrial {

// Floats that grow to the largest size asked for and stay.
class Buffer {
 public:
  float* floats(int64_t count) {
    if (count > size_) {
      values_.reset();
      values_ = aligned_floats(count);
      size_ = count;
    }
    return values_.get();
  }
  View<float, 2> matrix(int64_t rows, int64_t columns) {
    return {floats(rows * columns), {rows, columns}};
  }
  View<float, 3> heads(int64_t rows, int64_t heads, int64_t size) {
    return {matrix(rows, heads * size).data(), {rows, heads, size}};
  }
  template <int Rank>
  View<float, Rank> like(View<float, Rank> x) {
    return {matrix(x.shape(0), x.size() / std::max<int64_t>(x.shape(0), 1)).data(), x.shape()};
  }

 private:
  AlignedFloats values_;
  int64_t size_ = 0;
};

struct Tape::Memory {
  int64_t rows = 0;  // T of the pass
  // What each Linear multiplied, as quantized; in `quantized` or elsewhere on the tape.
  std::vector<View<const float, 2>> inputs;
  std::vector<Buffer> quantized;
  // Of passes on prepared weights: an input as factor of the gradient, by the first Linear that
  // reads it; what is multiplied with the weights, for the Linears that read it one after the
  // other.
  struct Prepared {
    Buffer memory;
    RightFactor factor;
  };
  std::vector<Prepared> prepared;
  Buffer left_memory;
  LeftFactor left;

  Buffer normed, h;     // [T, H]
  Buffer normed_again;  // [T, H], later its gradient; on prepared weights `normed` as well
  Buffer gate, up;      // [T, I] of the MLP, later their gradients, then the mixer's:
  Buffer multiplied;    // [T, I] silu(gate) up, later its gradient
  Buffer dh;            // [T, H]
  Buffer dw;            // the largest [N, K]

  struct {
    Buffer query_gate;    // [T, heads, 2 D], later its gradient
    Buffer key, value;    // [T, kv_heads, D]
    Buffer turned_query;  // [T, heads, D] after norm and rotation
    Buffer turned_key;
    Buffer attended, mixed;  // [T, heads, D] value sums before and after the gate
    Buffer log_sum;          // [T, heads]
    Buffer kept;             // p, of passes on prepared weights
    RopeTables tables;       // of positions 0 .. L
    Buffer d_key, d_value;
  } attention;

  struct {
    Buffer qkv, conv;      // [T, C]; conv later d_qkv
    Buffer a, b, g, beta;  // [T, heads]
    Buffer q, k;           // [T, key_heads, D_k]
    Buffer z;              // [T, heads, D_v], later its gradient
    Buffer value, mixed;   // like z, before and after norm and gate
    Buffer states;         // [chunks, heads, D_k, D_v]
    Buffer dk, dg, d_beta;
  } delta;
};

}  // namespace quantrial
