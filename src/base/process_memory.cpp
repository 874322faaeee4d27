#include "base/process_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace quantrial {
namespace {

// "<key>   1234 kB" of a file of /proc, in bytes; 0 when absent.
int64_t proc_bytes(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  int64_t kilobytes = 0;
  while (file >> word) {
    if (word == key && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// The limit of cgroup v2, or no limit.
int64_t cgroup_limit_bytes() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  int64_t bytes = 0;
  return file >> bytes ? bytes : std::numeric_limits<int64_t>::max();  // "max" is no number
}

// Mapped weights are page cache and part of MemAvailable; copies are RssAnon.
int64_t held_bytes() { return proc_bytes("/proc/self/status", "RssAnon:"); }

}  // namespace

int64_t available_memory_bytes() {
  const int64_t available = proc_bytes("/proc/meminfo", "MemAvailable:");
  if (available == 0) return std::numeric_limits<int64_t>::max();  // no /proc: nothing is known
  return std::min(held_bytes() + available, cgroup_limit_bytes());
}

int64_t free_memory_bytes() { return available_memory_bytes() - held_bytes(); }

int64_t resident_memory_bytes() { return proc_bytes("/proc/self/status", "VmRSS:"); }

int64_t installed_memory_bytes() { return proc_bytes("/proc/meminfo", "MemTotal:"); }

}  // namespace quantrial
