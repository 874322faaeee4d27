#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"

namespace quantrial {
namespace {

// A waiting thread polls this often, then gives its core away between polls (more threads than
// cores would otherwise burn whole time slices), and a worker that still finds nothing sleeps.
// 1,000 polls are about 10 us: longer than the gap between two operators of a decode step.
constexpr int polls_before_yield = 1'000;
constexpr int polls_before_sleep = 1'200;

// Numbers of the cores that the caller may run on; empty when the system does not say.
std::vector<int> available_cores() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

// A system that refuses leaves the calling thread as it was.
void stay_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

void pause_or_yield(int polls) {
  if (polls >= polls_before_yield) {
    std::this_thread::yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads, Pinning pinning) {
  const std::vector<int> cores = available_cores();
  const int by_default = cores.empty() ? static_cast<int>(std::thread::hardware_concurrency())
                                       : static_cast<int>(cores.size());
  const int total = threads > 0 ? threads : std::max(1, by_default);
  workers_.reserve(static_cast<size_t>(total - 1));
  try {
    for (int i = 1; i < total; ++i) {
      const bool pins = pinning == Pinning::pinned && !cores.empty();
      const int core = pins ? cores[static_cast<size_t>(i) % cores.size()] : -1;
      workers_.emplace_back([this, i, core] {
        if (core >= 0) stay_on(core);
        work(i);
      });
    }
  } catch (const std::system_error& error) {
    const size_t started = workers_.size() + 1;
    stop();
    throw Error("cannot start {} threads, only {}: {}; use fewer with --threads", total, started,
                error.code().message());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    round_.fetch_add(1);
  }
  wake_.notify_all();
  for (auto& worker : workers_) {
    worker.join();
  }
}

void ThreadPool::run(int64_t count, Call call, const void* context) {
  if (workers_.empty() || count <= 1) {
    for (int64_t i = 0; i < count; ++i) {
      call(context, i, 0);
    }
    return;
  }
  call_ = call;
  context_ = context;
  count_ = count;
  next_.store(0);
  inside_.fetch_and(~closed);
  round_.fetch_add(1);
  if (sleeping_.load() > 0) {
    const std::lock_guard lock(
        mutex_);  // a worker between its check and its wait must see the round
    wake_.notify_all();
  }
  take_tasks(0);
  inside_.fetch_or(closed);
  for (int polls = 0; inside_.load(std::memory_order_acquire) != closed; ++polls) {
    pause_or_yield(polls);
  }
}

void ThreadPool::take_tasks(int thread) {
  for (;;) {
    const int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
    if (i >= count_) {
      return;
    }
    call_(context_, i, thread);
  }
}

void ThreadPool::work(int thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int polls = 0; round_.load() == seen; ++polls) {
      if (polls < polls_before_sleep) {
        pause_or_yield(polls);
        continue;
      }
      sleeping_.fetch_add(1);
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return round_.load() != seen; });
      sleeping_.fetch_sub(1);
    }
    seen = round_.load();
    if (stop_) {
      return;
    }
    if ((inside_.fetch_add(1) & closed) == 0) take_tasks(thread);
    inside_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace quantrial
