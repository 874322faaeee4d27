// Products whose factors are rounded to bfloat16 while they are packed, with sums in float: twice
// the multiply-adds of float where the processor has AVX512_BF16.
#pragma once

#include "ops/matmul.h"

namespace quantrial::bf16 {

// Whether this machine has the instruction.
bool has_products();
// Of has_products() alone; product_scratch_floats() of scratch.
void multiply(const Product& product, float* scratch);

// Factors that are packed before: memory for one, its numbers, and the product of two.
int64_t left_floats(const Strided& a, int64_t M, int64_t K);
int64_t right_floats(int64_t K, int64_t N);
void pack(const LeftFactor& a, float* memory);
void pack(const RightFactor& b, float* memory);
void multiply(const LeftFactor& a, const RightFactor& b, const Output& c);

// As fma_peak_rounds() and fma_peak_flop(): independent chains of the instruction.
float peak_rounds(int64_t rounds);
int64_t peak_flop();

}  // namespace quantrial::bf16
