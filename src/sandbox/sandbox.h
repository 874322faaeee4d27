// A place to run Python programs that nobody has read: bubblewrap, a seccomp filter, resource
// limits. Without a working sandbox nothing is run.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/bubblewrap.h"
#include "sandbox/sandboxed_python.h"

namespace quantrial {

// What runs inside; each has its file in sandbox/python/ with the frames that it takes and sends.
enum class Driver { calls, reference, check, program };

class Sandbox {
 public:
  struct Job {
    Driver driver = Driver::calls;
    std::vector<std::string> frames;
    std::string input{};  // standard input
    SandboxLimits limits{};
  };

  // Throws SandboxShortage when it cannot be started now.
  std::unique_ptr<SandboxedPython> start(Job job) const;
  // Ends whatever runs, and starts nothing more: both throw SandboxShortage to who waits.
  void close() const { *closed_ = true; }

 private:
  friend struct SandboxSearch find_sandbox();
  Sandbox(PythonInstallation python, RunAs user);

  PythonInstallation python_;
  RunAs user_;
  std::string filter_;  // seccomp program
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

struct SandboxSearch {
  std::shared_ptr<const Sandbox> sandbox;  // none: see `obstacle`
  std::string obstacle;                    // one line: why there is none and how to get one
};

// Tries it out once.
SandboxSearch find_sandbox();

}  // namespace quantrial
