#include "sandbox/sandboxed_python.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace quantrial {
namespace {

using Cause = SandboxEnding::Cause;
using Clock = std::chrono::steady_clock;

constexpr size_t kept_error_bytes = 4096;
constexpr int64_t look_ms = 200;  // between two looks whether the sandbox was closed

void set_nonblocking(const UniqueFd& fd) {
  if (fd.open()) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// From bubblewrap's exit status; it reports a signal of the program as 128 + its number.
SandboxEnding ending_of(int status) {
  SandboxEnding e;
  e.cause = Cause::exited;
  e.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (e.code <= 128) return e;
  e.code -= 128;
  // SIGKILL: it did not listen to SIGXCPU. Memory is limited by address space, which kills nobody.
  const bool late = e.code == SIGXCPU || e.code == SIGPROF || e.code == SIGKILL;
  e.cause = late ? Cause::cpu_limit : Cause::signalled;
  return e;
}

}  // namespace

SandboxedPython::SandboxedPython(Ends ends, const SandboxLimits& limits, std::string input,
                                 std::string frames)
    : pid_(ends.pid),
      process_(static_cast<int>(syscall(SYS_pidfd_open, ends.pid, 0u))),
      in_{std::move(ends.in), std::move(input)},
      job_{UniqueFd(fcntl(ends.channel.get(), F_DUPFD_CLOEXEC, 0)), std::move(frames)},
      out_(std::move(ends.out)),
      err_(std::move(ends.err)),
      channel_(std::move(ends.channel)),
      closed_(std::move(ends.closed)),
      limits_(limits),
      deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(limits.wall_seconds))) {
  if (!process_.open() || !job_.fd.open()) {
    const int reason = errno;
    stop();
    throw SandboxShortage("sandbox: {}; raise the limit of open files", std::strerror(reason));
  }
  for (const UniqueFd* fd : {&in_.fd, &out_, &err_, &channel_}) set_nonblocking(*fd);
}

SandboxedPython::~SandboxedPython() { stop(); }

std::optional<SandboxFrame> SandboxedPython::next() {
  while (true) {
    if (auto frame = take_frame()) return frame;
    if (!channel_.open() || !exchange()) return take_frame();
  }
}

const SandboxEnding& SandboxedPython::wait() {
  while (exchange()) {
    received_.clear();
    taken_ = 0;
  }
  return ending_;
}

const SandboxEnding& SandboxedPython::settle() {
  deadline_ = std::min(deadline_, Clock::now() + std::chrono::seconds(5));
  return wait();
}

std::optional<SandboxFrame> SandboxedPython::take_frame() {
  constexpr size_t head = 4;
  const std::string_view rest = std::string_view(received_).substr(taken_);
  if (rest.size() < head) return std::nullopt;
  uint32_t size = 0;
  for (size_t i = head; i-- > 0;) size = size << 8 | static_cast<uint8_t>(rest[i]);
  if (rest.size() - head < size) return std::nullopt;
  taken_ += head + size;
  SandboxFrame frame;
  if (size > 0) frame = {rest[head], std::string(rest.substr(head + 1, size - 1))};
  return frame;
}

bool SandboxedPython::exchange() {
  if (pid_ < 0) return false;
  std::array<pollfd, 6> fds = {{{process_.get(), POLLIN, 0},
                                {channel_.get(), POLLIN, 0},
                                {out_.get(), POLLIN, 0},
                                {err_.get(), POLLIN, 0},
                                {in_.fd.get(), POLLOUT, 0},
                                {job_.fd.get(), POLLOUT, 0}}};
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
  if (left <= 0) return end(Cause::wall_limit), false;
  if (closed_ && *closed_) {
    stop();
    throw SandboxShortage("sandbox: closed");
  }
  const int ready = poll(fds.data(), fds.size(), static_cast<int>(std::min(left + 1, look_ms)));
  if (ready < 0 && errno != EINTR) require(false, "poll takes these descriptors");
  if (ready <= 0) return true;
  if (fds[5].revents != 0) write_some(job_);
  if (fds[4].revents != 0) write_some(in_);
  if (fds[1].revents != 0) read_channel();
  if (fds[2].revents != 0)
    read_output(out_, ending_.out, static_cast<size_t>(limits_.output_bytes));
  if (fds[3].revents != 0) read_output(err_, ending_.err, kept_error_bytes);
  if (channel_bytes_ > limits_.channel_bytes || output_bytes_ > limits_.output_bytes) {
    return end(Cause::output_limit), false;
  }
  // It may have ended with words still in the pipes.
  const bool idle = (fds[1].revents | fds[2].revents | fds[3].revents) == 0;
  if (fds[0].revents == 0 || !idle) return true;
  reap(std::nullopt);
  return false;
}

void SandboxedPython::write_some(Outgoing& to) {
  while (to.sent < to.text.size()) {
    const ssize_t n = send(to.fd.get(), to.text.data() + to.sent, to.text.size() - to.sent,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) break;  // nobody reads it
    to.sent += static_cast<size_t>(n);
  }
  shutdown(to.fd.get(), SHUT_WR);
  to.fd.close();
}

void SandboxedPython::read_channel() {
  received_.erase(0, taken_);
  taken_ = 0;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t n = read(channel_.get(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return channel_.close();
    received_.append(buffer.data(), static_cast<size_t>(n));
    channel_bytes_ += n;
    if (channel_bytes_ > limits_.channel_bytes) return;
  }
}

void SandboxedPython::read_output(UniqueFd& from, std::string& to, size_t keep) {
  std::array<char, 1 << 16> buffer;
  while (output_bytes_ <= limits_.output_bytes) {
    const ssize_t n = read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return from.close();
    output_bytes_ += n;
    to.append(buffer.data(), std::min(static_cast<size_t>(n), keep - std::min(keep, to.size())));
  }
}

const SandboxEnding& SandboxedPython::end(Cause cause) {
  if (pid_ < 0) return ending_;
  // The process space within dies with it (--die-with-parent), but not while bubblewrap still sets
  // it up: what waits for that is of the same session.
  kill(-pid_, SIGKILL);
  reap(cause);
  return ending_;
}

void SandboxedPython::reap(std::optional<Cause> cause) {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  const SandboxEnding now = ending_of(status);
  ending_.cause = cause.value_or(now.cause);
  ending_.code = now.code;
}

}  // namespace quantrial
