#include "sandbox/seccomp_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "sandbox/unique_fd.h"

namespace quantrial {
namespace {

// Names that this processor or this libseccomp does not have are passed over.
constexpr std::string_view allowed =
    // files; the mounts say which
    "read write readv writev pread64 pwrite64 preadv pwritev open openat close close_range "
    "lseek stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 "
    "readlink readlinkat getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink "
    "unlinkat rename renameat renameat2 symlink symlinkat link linkat truncate ftruncate "
    "fsync fdatasync chmod fchmod fchmodat umask utimensat dup dup2 dup3 fcntl flock pipe "
    "pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait "
    "epoll_pwait eventfd2 "
    // memory
    "brk mmap munmap mremap mprotect madvise mincore membarrier "
    // threads, signals, time
    "futex set_robust_list get_robust_list rseq set_tid_address arch_prctl sched_yield "
    "sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler "
    "sched_get_priority_max sched_get_priority_min tgkill rt_sigaction rt_sigprocmask "
    "rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack restart_syscall "
    "nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times setitimer "
    "getitimer alarm pause timer_create timer_settime timer_gettime timer_delete "
    // about itself
    "getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups "
    "getpgrp getpgid getsid getrusage getrlimit setrlimit prlimit64 getpriority uname sysinfo "
    "getrandom getcpu "
    // bubblewrap's own last steps: start Python, wait for it
    "execve wait4 waitid exit exit_group ";

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

void check(int result, const char* what) {
  if (result < 0) {
    throw Error("seccomp: {}: {}; install a newer libseccomp2", what, std::strerror(-result));
  }
}

void allow_threads_only(scmp_filter_ctx filter) {
  check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)),
        "clone");
  // Its flags are behind a pointer; the C library then uses clone.
  const int clone3 = seccomp_syscall_resolve_name("clone3");
  if (clone3 != __NR_SCMP_ERROR) {
    check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0), "clone3");
  }
}

void allow_some_requests(scmp_filter_ctx filter) {
  for (const unsigned long request : {TCGETS, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO}) {
    check(
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, request)),
        "ioctl");
  }
  for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG}) {
    check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                           SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(option))),
          "prctl");
  }
}

}  // namespace

std::string seccomp_filter() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) throw Error("seccomp: this processor is not known; install a newer libseccomp2");
  std::istringstream names{std::string(allowed)};
  for (std::string name; names >> name;) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number < 0) continue;  // of another processor, or newer than the library
    check(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0), name.c_str());
  }
  allow_threads_only(filter.get());
  allow_some_requests(filter.get());
  const UniqueFd file(memfd_create("seccomp", MFD_CLOEXEC));
  check(file.open() ? seccomp_export_bpf(filter.get(), file.get()) : -errno, "export");
  std::string bpf(static_cast<size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  const ssize_t got = pread(file.get(), bpf.data(), bpf.size(), 0);
  require(got == static_cast<ssize_t>(bpf.size()), "a memory file gives back what it holds");
  return bpf;
}

}  // namespace quantrial
