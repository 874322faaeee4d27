// What K samples of a question, c of them right, say about drawing k of them without replacement.
#pragma once

#include <cstdint>

namespace quantrial::statistics {

// At least one right: 1 - C(K-c, k) / C(K, k). Chen et al., arXiv 2107.03374. 1 <= k <= K.
double pass_at_k(int64_t K, int64_t c, int64_t k);
// All right: C(c, k) / C(K, k). Yao et al. (tau-bench), arXiv 2406.12045.
double pass_hat_k(int64_t K, int64_t c, int64_t k);
// At least ceil(tau k) right, 0 < tau <= 1. Liu et al. (G-Pass@k), arXiv 2412.13147.
double g_pass_at_k(int64_t K, int64_t c, int64_t k, double tau);

}  // namespace quantrial::statistics
