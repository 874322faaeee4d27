#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

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

int allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  return CPU_COUNT(&set);
}

TEST(ThreadPool, PinsItsOwnThreadsAndNotTheCaller) {
  const int before = allowed_cores();
  ThreadPool pool(3, Pinning::pinned);
  std::vector<std::atomic<int>> cores(3);
  pool.parallel_for(300, [&](int64_t, int thread) {
    cores[static_cast<size_t>(thread)] = allowed_cores();
    sched_yield();
  });
  for (int thread = 1; thread < 3; ++thread) {
    const int allowed = cores[static_cast<size_t>(thread)];
    EXPECT_TRUE(allowed == 0 || allowed == 1) << "0: the caller had done all";
  }
  EXPECT_EQ(allowed_cores(), before);
}

}  // namespace
}  // namespace quantrial
