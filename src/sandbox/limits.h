// What a sandboxed program may use, and how it ended.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace quantrial {

struct SandboxLimits {
  double cpu_seconds = 60;                     // all threads together; what judges slow programs
  double wall_seconds = 120;                   // a backstop for what sleeps
  int64_t memory_bytes = int64_t{2} << 30;     // address space
  int64_t output_bytes = int64_t{16} << 20;    // standard output and error together
  int64_t channel_bytes = int64_t{256} << 20;  // frames
  int64_t file_bytes = int64_t{16} << 20;      // all that can be written to /tmp
  int threads = 64;
};

// The machine is short of processes, descriptors or memory now: nothing was run, and another time
// it may be.
class SandboxShortage : public Error {
 public:
  using Error::Error;
};

struct SandboxEnding {
  enum class Cause {
    exited,        // code: of the program
    signalled,     // code: the signal
    cpu_limit,     // also the program's own timer of processor time
    wall_limit,    // it slept, or the machine is too busy
    output_limit,  // of output or frames
    stopped,       // by us: we had seen enough
  };
  Cause cause = Cause::stopped;
  int code = 0;
  std::string out, err;  // err: its beginning
};

}  // namespace quantrial
