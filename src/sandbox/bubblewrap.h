// Starts a program under bubblewrap: own user, mount, process, network, IPC and host name spaces, a
// read-only root with what Python needs, a small /tmp, no capabilities, no environment.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sandbox/limits.h"
#include "sandbox/python_installation.h"

namespace quantrial {

enum class RunAs {
  self,    // the user who runs us
  nobody,  // we are root: its threads could not be counted
};

// What stays open in the program under these numbers.
struct SandboxFds {
  int in = -1, out = -1, err = -1;  // 0, 1, 2
  int channel = -1;                 // 3
  int filter = -1;                  // seccomp program, read by bubblewrap (4)
};

struct BubblewrapJob {
  std::string bubblewrap;            // path of the program
  std::vector<std::string> command;  // what runs inside
  RunAs user = RunAs::self;
};

// bubblewrap's arguments for `python`, up to the command.
std::vector<std::string> bubblewrap_arguments(const PythonInstallation& python,
                                              const SandboxLimits& limits);

// The process of bubblewrap: it ends, and all within it, when the calling thread ends. Throws
// SandboxShortage when no process can be made.
pid_t start_bubblewrap(const BubblewrapJob& job, const SandboxFds& fds,
                       const SandboxLimits& limits);

}  // namespace quantrial
