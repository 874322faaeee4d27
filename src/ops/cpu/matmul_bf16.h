// Products whose factors are rounded to bfloat16 while they are packed, with sums in float: twice
// the multiply-adds of float where the processor has AVX512_BF16.
#pragma once

#include "ops/matmul.h"

namespace quantrial::bf16 {

// Whether this machine has the instruction.
bool has_products();
// Of has_products() alone; product_scratch_floats() of scratch.
void multiply(const Product& product, float* scratch);

// As fma_peak_rounds() and fma_peak_flop(): independent chains of the instruction.
float peak_rounds(int64_t rounds);
int64_t peak_flop();

}  // namespace quantrial::bf16
