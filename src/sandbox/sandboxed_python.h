// One program running in the sandbox, with a private channel of frames beside its standard input
// and output. The first byte of a frame says what it is (sandbox/python/channel.py).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/limits.h"
#include "sandbox/unique_fd.h"

namespace quantrial {

struct SandboxFrame {
  char kind = 0;
  std::string payload;
};

class SandboxedPython {
 public:
  // Our ends; `pid` is bubblewrap's.
  struct Ends {
    pid_t pid = -1;
    UniqueFd in, out, err, channel;
    std::shared_ptr<const std::atomic<bool>> closed{};  // set: end it (Sandbox::close)
  };
  // Throws SandboxShortage, the process ended, where descriptors are short.
  SandboxedPython(Ends ends, const SandboxLimits& limits, std::string input, std::string frames);
  ~SandboxedPython();
  SandboxedPython(const SandboxedPython&) = delete;
  SandboxedPython& operator=(const SandboxedPython&) = delete;

  // The next frame. None: no more will come (the other side closed the channel, or it was ended).
  std::optional<SandboxFrame> next();
  // Lets it run to its end, frames unread.
  const SandboxEnding& wait();
  // The same for one whose channel is closed: it has a few seconds.
  const SandboxEnding& settle();
  // Ends it now, with all that it started.
  const SandboxEnding& stop() { return end(SandboxEnding::Cause::stopped); }

 private:
  struct Outgoing {
    UniqueFd fd;
    std::string text;
    size_t sent = 0;
  };

  // Moves what can be moved, waiting for it; false when it has ended (it is reaped then). Throws
  // SandboxShortage when the sandbox was closed.
  bool exchange();
  void write_some(Outgoing& to);
  void read_channel();
  void read_output(UniqueFd& from, std::string& to, size_t keep);
  std::optional<SandboxFrame> take_frame();
  const SandboxEnding& end(SandboxEnding::Cause cause);
  void reap(std::optional<SandboxEnding::Cause> cause);

  pid_t pid_;
  UniqueFd process_;  // pidfd
  Outgoing in_, job_;
  UniqueFd out_, err_, channel_;
  std::shared_ptr<const std::atomic<bool>> closed_;
  SandboxLimits limits_;
  std::chrono::steady_clock::time_point deadline_;
  std::string received_;  // of the channel, not taken yet
  size_t taken_ = 0;      // of received_
  int64_t channel_bytes_ = 0, output_bytes_ = 0;
  SandboxEnding ending_;
};

}  // namespace quantrial
