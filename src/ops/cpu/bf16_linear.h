// y[T,N] = x[T,K] w[N,K]^T from the packed weight, with an instruction (VDPBF16PS) that adds 16
// sums of two products of bfloat16: twice the multiply-adds of float, and half the bytes of inputs.
//
// Exact but for sums: codes are small numbers that bfloat16 holds, and scales meet the sums of 128
// columns in float. Each output is one chain over the blocks of its row, whatever T and the tiles:
// its bits depend on the two rows alone.
#pragma once

#include "formats/formats.h"
#include "ops/cpu/bf16_inputs.h"

namespace quantrial::bf16 {

// Whether linear_tile() multiplies `w` on this machine with inputs quantized like that: where it
// does not, float products do.
bool takes(const Weight& w, const Activations& inputs);

// How inputs have to be prepared for `w`.
InputPlan input_plan(const Weight& w, const Activations& inputs, int64_t T);

// Rows of w that make a good task: a run of memory for few rows of x, decoded once for many.
int64_t tile_rows(const Weight& w, int64_t T, int threads);
// Floats of scratch memory that a tile needs.
int64_t tile_scratch_floats(const Weight& w, int64_t T, int64_t rows);

struct LinearTile {
  InputRows x;
  int64_t T;
  int64_t first, count;  // rows of w
  float* scratch;        // aligned to cache lines
  float* y;              // [T, N]
};
void linear_tile(const Weight& w, const LinearTile& tile);

}  // namespace quantrial::bf16
