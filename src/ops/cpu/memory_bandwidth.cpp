#include "ops/memory_bandwidth.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/large_pages.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/memory_bandwidth.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantrial::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<uint64_t, 8>;

// Sum of from[0, count), count a multiple of 64.
uint64_t Sum(const uint64_t* from, size_t count) {
  constexpr size_t streams = 8;
  const Lanes d;
  const size_t step = hn::Lanes(d);
  hn::Vec<Lanes> sums[streams];
  for (auto& s : sums) s = hn::Zero(d);
  for (size_t i = 0; i < count; i += streams * step) {
    for (size_t s = 0; s < streams; ++s)
      sums[s] = hn::Add(sums[s], hn::LoadU(d, from + i + s * step));
  }
  uint64_t total = 0;
  for (const auto& s : sums) total += hn::GetLane(hn::SumOfLanes(d, s));
  return total;
}

}  // namespace
}  // namespace quantrial::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantrial {

HWY_EXPORT(Sum);

double measure_read_bandwidth(ThreadPool& pool) {
  constexpr size_t words = (size_t{512} << 20) / sizeof(uint64_t), part = size_t{1} << 18;  // 2 MiB
  const auto buffer = std::make_unique_for_overwrite<uint64_t[]>(words);
  prefer_large_pages(buffer.get(), words * sizeof(uint64_t));
  std::vector<uint64_t> sums(words / part);
  const auto tasks = static_cast<int64_t>(sums.size());
  const auto from = [&](int64_t task) { return buffer.get() + static_cast<size_t>(task) * part; };
  pool.parallel_for(tasks, [&](int64_t task, int) { std::fill_n(from(task), part, uint64_t{1}); });
  double best = 0;
  for (int pass = 0; pass < 8; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(tasks, [&](int64_t task, int) {
      sums[static_cast<size_t>(task)] = HWY_DYNAMIC_DISPATCH(Sum)(from(task), part);
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(words * sizeof(uint64_t)) / seconds.count());
  }
  require(std::accumulate(sums.begin(), sums.end(), uint64_t{0}) == words, "the sum was computed");
  return best;
}

}  // namespace quantrial
#endif  // HWY_ONCE
