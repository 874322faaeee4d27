// The operations of operator_bench, by concern.
#pragma once

#include "bench/operator_table.h"

namespace quantrial::bench {

// Linears of every format at 1 to 512 rows; up to 16 rows from at least 128 MB of packed weights.
void add_linears(OperatorTable& table, Backend& backend, Backend& textbook);
// Gated DeltaNet: convolution, and the delta rule by tokens and in chunks; states beyond the
// caches.
void add_linear_attention(OperatorTable& table);
// Softmax attention over 4,096 cached positions, one row and many.
void add_attention(OperatorTable& table);
void add_elementwise(OperatorTable& table);
// Tokens from 248,320 logits, on one thread.
void add_sampling(OperatorTable& table);

}  // namespace quantrial::bench
