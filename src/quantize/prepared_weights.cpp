#include "quantize/prepared_weights.h"

namespace quantrial {

void PreparedWeights::prepare(BlockWeights weights, Factors factors, ThreadPool& pool) {
  const size_t count = weights.size();
  forward_.resize(count);
  backward_.resize(count);
  if (memory_.empty()) {
    for (const View<const float, 2>& w : weights) {
      const int64_t N = w.shape(0), K = w.shape(1);
      memory_.push_back(aligned_floats(right_floats(K, N, factors)));
      memory_.push_back(aligned_floats(right_floats(N, K, factors)));
    }
  }
  pool.parallel_for(static_cast<int64_t>(2 * count), [&](int64_t task, int) {
    const auto at = static_cast<size_t>(task);
    const View<const float, 2> w = weights[at / 2];
    const int64_t N = w.shape(0), K = w.shape(1);
    float* const memory = memory_[at].get();
    if (at % 2 == 0) {
      forward_[at / 2] = prepared_right({transposed(strided(w)), K, N}, factors, memory);
    } else {
      backward_[at / 2] = prepared_right({strided(w), N, K}, factors, memory);
    }
  });
}

}  // namespace quantrial
