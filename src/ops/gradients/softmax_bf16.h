// The softmax of attention.cpp, forwards and backwards, whose results are the factors of the
// products that read them (ops/cpu/pack_bf16.h). Of machines with bf16::has_products() alone.
#pragma once

#include "ops/cpu/pack_bf16.h"
#include "ops/gradients/score_block.h"

namespace quantrial::gradients {

// Numbers [keys, block_queries] as left factors.
struct ScoreFactors {
  bf16::Pair* rows;     // pairs of neighbouring queries, a key every `row_pairs`; or null
  int64_t row_pairs;    // at least block_queries / 2
  bf16::Pair* columns;  // of the transpose: pairs of neighbouring keys
};

// exp(score - largest of the query) to `p`, the number to divide by to `sum`; no log_sum if null.
void softmax_bf16(const ScoreBlock& block, const ScoreFactors& p, float* sum);

// Probabilities again from scores and log_sum, by rows alone.
void probabilities_bf16(const ScoreBlock& block, bf16::Pair* rows, int64_t row_pairs);

// Numbers by rows as in ScoreFactors, which times inverse_sum[block_queries] are probabilities.
struct KeptScores {
  bf16::Pair* rows;
  float* inverse_sum;
};
// Gradients of scores to `ds`, of as many row_pairs.
void softmax_backward_bf16(const KeptScores& p, const ScoreBlock& block,
                           const ScoreGradients& gradients, const ScoreFactors& ds);

}  // namespace quantrial::gradients
