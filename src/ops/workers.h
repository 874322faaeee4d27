// A thread pool and scratch memory for each of its threads, aligned to cache lines. The memory
// grows to the largest size that was asked for and stays, so that loops of the same shapes allocate
// nothing.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/thread_pool.h"

namespace quantrial {

struct FreeFloats {
  void operator()(float* p) const { std::free(p); }
};
using AlignedFloats = std::unique_ptr<float[], FreeFloats>;
// At least `count`, uninitialized and aligned to cache lines.
AlignedFloats aligned_floats(int64_t count);

class Workers {
 public:
  explicit Workers(ThreadPool& pool) : pool_(pool), scratch_(static_cast<size_t>(pool.size())) {}

  int size() const { return pool_.size(); }

  // Gives every thread `floats` of uninitialized scratch memory or more. Memory may run out and
  // tasks must not throw: to be called before them.
  void reserve(int64_t floats) {
    if (floats > floats_) grow(floats);
  }
  float* scratch(int thread) const { return scratch_[static_cast<size_t>(thread)].get(); }

  // Calls task(i, scratch) for i in [0, count), with `floats` of scratch memory that no other task
  // uses meanwhile. Tasks must not throw.
  template <typename Task>
  void for_each(int64_t count, int64_t floats, Task&& task) {
    reserve(floats);
    pool_.parallel_for(count, [&](int64_t i, int thread) { task(i, scratch(thread)); });
  }
  template <typename Task>
  void for_each(int64_t count, Task&& task) {
    pool_.parallel_for(count, [&](int64_t i, int) { task(i); });
  }

  // Calls task(t) for rows t in [0, T) of `columns` numbers, many rows at a time.
  template <typename Task>
  void for_rows(int64_t T, int64_t columns, Task&& task) {
    const int64_t rows = std::max<int64_t>(1, numbers_per_task / std::max<int64_t>(columns, 1));
    pool_.parallel_for((T + rows - 1) / rows, [&](int64_t i, int) {
      for (int64_t t = i * rows; t < std::min(T, (i + 1) * rows); ++t) task(t);
    });
  }

 private:
  // A few microseconds of work for elementwise operations: longer than handing out a task.
  static constexpr int64_t numbers_per_task = 1 << 14;

  void grow(int64_t floats);

  ThreadPool& pool_;
  std::vector<AlignedFloats> scratch_;
  int64_t floats_ = 0;
};

}  // namespace quantrial
