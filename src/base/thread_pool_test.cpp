#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>

namespace quantrial {
namespace {

TEST(ThreadPool, RunsEveryTaskOnceForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
      pool.parallel_for(count, [&](int64_t i, int thread) {
        ASSERT_LT(thread, threads);
        runs[static_cast<size_t>(i)].fetch_add(1);
      });
      for (const auto& r : runs) EXPECT_EQ(r.load(), 1);
    }
  }
}

TEST(ThreadPool, SurvivesManyShortRounds) {
  ThreadPool pool(3);
  std::atomic<int64_t> sum{0};
  for (int round = 0; round < 20'000; ++round) {
    pool.parallel_for(4, [&](int64_t i, int) { sum.fetch_add(i); });
  }
  EXPECT_EQ(sum.load(), 6 * 20'000);
}

}  // namespace
}  // namespace quantrial
