#include "base/memory_bandwidth.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/error.h"

namespace quantrial {

double measure_read_bandwidth(ThreadPool& pool) {
  constexpr size_t words = (size_t{512} << 20) / sizeof(uint64_t), part = size_t{1} << 17;  // 1 MiB
  const std::vector<uint64_t> buffer(words, 1);
  std::vector<uint64_t> sums(words / part);
  double best = 0;
  for (int pass = 0; pass < 5; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(static_cast<int64_t>(sums.size()), [&](int64_t task, int) {
      const uint64_t* from = buffer.data() + static_cast<size_t>(task) * part;
      uint64_t lane[8] = {};
      for (size_t i = 0; i < part; i += 8) {
        for (size_t l = 0; l < 8; ++l) lane[l] += from[i + l];
      }
      sums[static_cast<size_t>(task)] = std::accumulate(lane, lane + 8, uint64_t{0});
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(words * sizeof(uint64_t)) / seconds.count());
  }
  require(std::accumulate(sums.begin(), sums.end(), uint64_t{0}) == words, "the sum was computed");
  return best;
}

}  // namespace quantrial
