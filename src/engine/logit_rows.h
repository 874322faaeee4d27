// Rows of logits in batches that stay small: a row of 248,320 floats is 1 MB.
#pragma once

#include <algorithm>
#include <cstdint>

namespace quantrial {

// Rows to ask a model for at once: up to 32 MiB, where reading the output matrix is amortised.
inline int64_t max_logit_rows(int64_t vocab_size) {
  constexpr int64_t max_bytes = int64_t{32} << 20;
  return std::max<int64_t>(4, max_bytes / (vocab_size * int64_t{sizeof(float)}));
}

}  // namespace quantrial
