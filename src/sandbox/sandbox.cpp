#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "sandbox/drivers.h"
#include "sandbox/seccomp_filter.h"

namespace quantrial {
namespace {

constexpr const char* bubblewrap = "/usr/bin/bwrap";

struct Pair {
  UniqueFd ours, theirs;
};

// For what we write: a write that nobody reads fails without a signal.
Pair socket_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    throw SandboxShortage("sandbox: {}; raise the limit of open files", std::strerror(errno));
  }
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Pair pipe_to_us() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) {
    throw SandboxShortage("sandbox: {}; raise the limit of open files", std::strerror(errno));
  }
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

UniqueFd memory_file(const std::string& content) {
  UniqueFd file(memfd_create("sandbox", MFD_CLOEXEC));
  const bool written = file.open() && write(file.get(), content.data(), content.size()) ==
                                          static_cast<ssize_t>(content.size());
  if (!written) throw SandboxShortage("sandbox: {}; free memory", std::strerror(errno));
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

void append_frame(std::string& to, const std::string& frame) {
  for (size_t i = 0; i < 4; ++i) to += static_cast<char>(frame.size() >> (8 * i) & 0xff);
  to += frame;
}

std::string source_of(Driver driver) {
  switch (driver) {
    case Driver::calls:
      return fmt::format("{}{}{}", drivers::channel, drivers::values, drivers::calls);
    case Driver::reference:
      return fmt::format("{}{}{}", drivers::channel, drivers::values, drivers::reference);
    case Driver::check:
      return fmt::format("{}{}{}", drivers::channel, drivers::values, drivers::check);
    case Driver::program:
      return fmt::format("{}{}", drivers::channel, drivers::program);
  }
  return {};
}

}  // namespace

Sandbox::Sandbox(PythonInstallation python, RunAs user)
    : python_(std::move(python)), user_(user), filter_(seccomp_filter()) {}

std::unique_ptr<SandboxedPython> Sandbox::start(Job job) const {
  if (*closed_) throw SandboxShortage("sandbox: closed");
  BubblewrapJob inner{bubblewrap, bubblewrap_arguments(python_, job.limits), user_};
  for (const char* argument : {"-X", "utf8", "-S", "-s", "-B", "-c"}) {
    if (inner.command.back() == "--") inner.command.push_back(python_.program);
    inner.command.push_back(argument);
  }
  inner.command.push_back(source_of(job.driver));
  Pair in = socket_pair(), channel = socket_pair(), out = pipe_to_us(), err = pipe_to_us();
  const UniqueFd filter = memory_file(filter_);
  const pid_t pid = start_bubblewrap(inner,
                                     {.in = in.theirs.get(),
                                      .out = out.theirs.get(),
                                      .err = err.theirs.get(),
                                      .channel = channel.theirs.get(),
                                      .filter = filter.get()},
                                     job.limits);
  std::string frames;
  append_frame(frames, std::to_string(job.limits.threads));
  for (const std::string& frame : job.frames) append_frame(frames, frame);
  SandboxedPython::Ends ends{
      pid,    std::move(in.ours), std::move(out.ours), std::move(err.ours), std::move(channel.ours),
      closed_};
  return std::make_unique<SandboxedPython>(std::move(ends), job.limits, std::move(job.input),
                                           std::move(frames));
}

}  // namespace quantrial
