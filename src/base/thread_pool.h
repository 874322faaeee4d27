// A fixed set of threads that share one loop at a time. Work is cut into tasks by the caller; which
// thread runs a task never changes a result, since each task writes its own outputs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace quantrial {

// pinned: every thread but the caller's stays on a core of its own, as far as there are cores; the
// first is left to the caller, which goes where it likes.
enum class Pinning : uint8_t { none, pinned };

class ThreadPool {
 public:
  // `threads` counts the caller too; 0 means one per available core. Throws Error when the system
  // does not give that many.
  explicit ThreadPool(int threads = 0, Pinning pinning = Pinning::none);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(i, thread) for i in [0, count), thread in [0, size()); returns when all are done.
  // Tasks must not throw and must not call parallel_for. One caller at a time.
  template <typename Task>
  void parallel_for(int64_t count, Task&& task) {
    using Plain = std::remove_reference_t<Task>;
    const auto call = [](const void* context, int64_t i, int thread) {
      (*static_cast<Plain*>(const_cast<void*>(context)))(i, thread);
    };
    run(count, call, &task);
  }

 private:
  using Call = void (*)(const void* context, int64_t i, int thread);
  void run(int64_t count, Call call, const void* context);
  void stop();
  void take_tasks(int thread);
  void work(int thread);

  Call call_ = nullptr;
  const void* context_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> next_{0};
  // Workers inside the round, and `closed` once the caller found no task left: a worker that got no
  // core until then stays out, and nobody waits for it.
  std::atomic<int> inside_{closed};
  static constexpr int closed = 1 << 30;
  std::atomic<uint64_t> round_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> sleeping_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace quantrial
