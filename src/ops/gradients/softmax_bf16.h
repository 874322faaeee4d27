// The softmax of attention.cpp, forwards and backwards, whose results are the factors of the
// products that read them (ops/cpu/pack_bf16.h). Of machines with bf16::has_products() alone.
#pragma once

#include "ops/cpu/pack_bf16.h"
#include "ops/gradients/score_block.h"

namespace quantrial::gradients {

// Numbers [keys, block_queries] as left factors.
struct ScoreFactors {
  bf16::Pair* rows;     // pairs of neighbouring queries, a key every `row_pairs`
  int64_t row_pairs;    // at least block_queries / 2
  bf16::Pair* columns;  // of the transpose: pairs of neighbouring keys
};

// exp(score - largest of the query) to `columns`, the number to divide by to `sum`.
void softmax_bf16(const ScoreBlock& block, bf16::Pair* columns, float* sum);

// Probabilities to `p`, by rows alone, and gradients of scores to `ds`.
void softmax_backward_bf16(const ScoreBlock& block, const ScoreGradients& gradients,
                           const ScoreFactors& p, const ScoreFactors& ds);

}  // namespace quantrial::gradients
