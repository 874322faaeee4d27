#include "sandbox/bubblewrap.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace quantrial {
namespace {

namespace fs = std::filesystem;

constexpr unsigned nobody = 65534;
constexpr rlim_t stack_bytes = rlim_t{256} << 20;  // deep recursion is no crime

struct Limit {
  int resource;
  rlim_t soft, hard;
};
using Limits = std::array<Limit, 5>;

Limits resource_limits(const SandboxLimits& l) {
  const auto cpu = static_cast<rlim_t>(std::ceil(l.cpu_seconds));
  const auto bytes = [](int64_t n) { return static_cast<rlim_t>(n); };
  return {{{RLIMIT_CPU, cpu, cpu + 1},
           {RLIMIT_AS, bytes(l.memory_bytes), bytes(l.memory_bytes)},
           {RLIMIT_STACK, stack_bytes, stack_bytes},
           {RLIMIT_FSIZE, bytes(l.file_bytes), bytes(l.file_bytes)},
           {RLIMIT_CORE, 0, 0}}};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// All that the child does before bubblewrap takes over. It shares our memory until then (vfork), so
// it makes plain system calls only: the C library's setuid would stop our threads.
[[noreturn]] void become(char* const* argv, const std::array<int, 5>& fds, const Limits& limits,
                         RunAs user) {
  setsid();  // Ctrl-C is ours to handle
  std::array<int, 5> high{};
  for (size_t i = 0; i < fds.size(); ++i) high[i] = fcntl(fds[i], F_DUPFD, 10);
  for (size_t i = 0; i < fds.size(); ++i) dup2(high[i], static_cast<int>(i));
  syscall(SYS_close_range, 5u, ~0u, 0u);
  for (const Limit& limit : limits) {
    rlimit old{};
    getrlimit(static_cast<__rlimit_resource>(limit.resource), &old);
    const rlimit now{std::min(limit.soft, old.rlim_max), std::min(limit.hard, old.rlim_max)};
    if (setrlimit(static_cast<__rlimit_resource>(limit.resource), &now) != 0) _exit(126);
  }
  if (user == RunAs::nobody) {
    if (syscall(SYS_setgroups, 0, nullptr) != 0 ||
        syscall(SYS_setresgid, nobody, nobody, nobody) != 0 ||
        syscall(SYS_setresuid, nobody, nobody, nobody) != 0) {
      _exit(126);
    }
  }
  char* const environment[] = {nullptr};  // nothing to be read in /proc/1/environ
  execve(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

std::vector<std::string> bubblewrap_arguments(const PythonInstallation& python,
                                              const SandboxLimits& limits) {
  std::vector<std::string> a = {
      "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net",
      "--unshare-uts",  "--uid",         "65534",         "--gid",
      "65534",          "--cap-drop",    "ALL",           "--die-with-parent",
      "--new-session",  "--clearenv",    "--seccomp",     "4"};
  // The same verdict every time: sets of texts have one order.
  for (const auto& [name, value] :
       {std::pair{"PYTHONHASHSEED", "0"}, {"LANG", "C.UTF-8"}, {"OMP_NUM_THREADS", "1"}}) {
    a.insert(a.end(), {"--setenv", name, value});
  }
  for (const fs::path& path : python.needed) {
    if (fs::is_symlink(path)) {
      a.insert(a.end(), {"--symlink", fs::read_symlink(path).string(), path.string()});
    } else {
      a.insert(a.end(), {"--ro-bind", path.string(), path.string()});
    }
  }
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/urandom"}) {
    a.insert(a.end(), {"--dev-bind", device, device});
  }
  a.insert(a.end(), {"--size", std::to_string(limits.file_bytes), "--tmpfs", "/tmp", "--chdir",
                     "/tmp", "--remount-ro", "/", "--"});
  return a;
}

pid_t start_bubblewrap(const BubblewrapJob& job, const SandboxFds& fds,
                       const SandboxLimits& limits) {
  std::vector<std::string> texts = {job.bubblewrap};
  texts.insert(texts.end(), job.command.begin(), job.command.end());
  const std::vector<char*> argv = pointers(texts);
  const std::array<int, 5> inherited = {fds.in, fds.out, fds.err, fds.channel, fds.filter};
  const Limits resources = resource_limits(limits);
  const pid_t child = vfork();
  if (child == 0) become(argv.data(), inherited, resources, job.user);
  if (child < 0) {
    throw SandboxShortage("sandbox: no process can be made: {}; end others or raise the limit",
                          std::strerror(errno));
  }
  return child;
}

}  // namespace quantrial
