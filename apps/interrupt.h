// Ctrl-C as a question that loops can ask. The one place that installs a signal handler.
#pragma once

namespace quantrial {

// From construction to destruction, SIGINT and SIGTERM set a flag in place of ending the program;
// blocking reads return early. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;
  void clear();
};

}  // namespace quantrial
