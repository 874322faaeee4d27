// Times for benchmarks on a machine that others use as well.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>

#include "base/thread_pool.h"

namespace quantrial {

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Shortest of several calls, in seconds: other programs can only slow a call down. A single thread
// is timed by its own processor time.
inline double shortest_seconds(const ThreadPool& pool, int repetitions,
                               const std::function<void()>& call) {
  const clockid_t clock = pool.size() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  double shortest = 1e9;
  for (int i = 0; i <= repetitions; ++i) {
    const double start = seconds_of(clock);
    call();
    shortest = std::min(shortest, seconds_of(clock) - start);
  }
  return shortest;
}

}  // namespace quantrial
